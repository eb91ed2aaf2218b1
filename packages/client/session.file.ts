/** The session of this machine's user: in one file that nobody else may read. Decides nothing; talks to nobody. */
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';

export const Session = z.object({
  gateway: z.string(),
  access_token: z.string(),
  refresh_token: z.string().optional(),
  /** Milliseconds. */
  ends_at: z.number(),
});
export type Session = z.infer<typeof Session>;

/** @param configHome as XDG_CONFIG_HOME has it. */
export function folderOf(configHome: string | undefined): string {
  return join(configHome || join(homedir(), '.config'), 'gatehouse');
}

/** Undefined when there is none, or none that can be read. */
export function readSession(folder: string): Session | undefined {
  return Session.safeParse(readJson(join(folder, 'session.json'))).data;
}

export function keepSession(folder: string, session: Session): void {
  writePrivate(folder, 'session.json', JSON.stringify(session));
}

export function forgetSession(folder: string): void {
  rmSync(join(folder, 'session.json'), { force: true });
}

export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Whole or not at all, and for the user alone. */
export function writePrivate(folder: string, name: string, text: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const fresh = join(folder, `.${name}.${process.pid}`);
  writeFileSync(fresh, text, { mode: 0o600 });
  renameSync(fresh, join(folder, name));
}
