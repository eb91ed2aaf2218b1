/** The bytes of the embedded S3, a file each, named by nobody but the catalogue. A body never changes. */
import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

export interface Bodies {
  pathOf(name: string): string;
  /** Resolves with the new body's name. */
  write(bytes: Buffer): Promise<string>;
  copy(name: string): Promise<string>;
  /** One body after the other; each part of it is shown to `see` on the way. */
  join(names: readonly string[], see: (bytes: Uint8Array) => void): Promise<string>;
  remove(name: string): void;
}

/** Removes what `kept` does not name: bodies whose writer was killed before the catalogue knew of them. */
export function openBodies(folder: string, kept: ReadonlySet<string>): Bodies {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (!kept.has(name)) rmSync(join(folder, name), { force: true });
  const pathOf = (name: string) => join(folder, name);
  return {
    pathOf,
    async write(bytes) {
      const name = randomUUID();
      await writeFile(pathOf(name), bytes, { mode: 0o600 });
      return name;
    },
    async copy(from) {
      const name = randomUUID();
      await copyFile(pathOf(from), pathOf(name));
      return name;
    },
    async join(names, see) {
      const name = randomUUID();
      async function* all() {
        for (const one of names)
          for await (const chunk of createReadStream(pathOf(one))) {
            see(chunk);
            yield chunk;
          }
      }
      await pipeline(all, createWriteStream(pathOf(name), { mode: 0o600 }));
      return name;
    },
    remove: (name) => rmSync(pathOf(name), { force: true }),
  };
}
