/** Keeps one JSON document on disk, durably: a save is over only once the bytes are on the disk under their final name. */
import { mkdirSync, readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface Snapshot {
  /** What an earlier run saved, undefined at the first start. */
  load(): unknown;
  /** Saves what `state` returns at the moment of writing; calls that arrive during a write share the next one. */
  save(): Promise<void>;
}

/** @param folder undefined: nothing is kept and `save` returns at once. */
export function createSnapshot(folder: string | undefined, file: string, state: () => unknown): Snapshot {
  if (folder === undefined) return { load: () => undefined, save: () => Promise.resolve() };
  mkdirSync(folder, { recursive: true });
  const path = join(folder, file);
  let writing: Promise<void> | undefined;
  let next: Promise<void> | undefined;

  function save(): Promise<void> {
    if (next !== undefined) return next;
    if (writing === undefined) {
      writing = write().finally(() => {
        writing = undefined;
      });
      return writing;
    }
    next = writing.then(begin, begin);
    return next;
  }
  function begin(): Promise<void> {
    next = undefined;
    return save();
  }
  async function write(): Promise<void> {
    const draft = `${path}.draft`;
    const file = await open(draft, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify(state()));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    const directory = await open(dirname(path), 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }
  function load(): unknown {
    try {
      return JSON.parse(readFileSync(path, 'utf8'));
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
      throw new Error(`${path} cannot be read; remove it or start with --fresh`, { cause });
    }
  }
  return { load, save };
}
