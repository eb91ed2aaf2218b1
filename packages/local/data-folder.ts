/**
 * The folder that a stack keeps its data in: one stack at a time, held by a lock file that names its process. It never deletes what
 * a stack did not put there, and it knows nothing of what is inside.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isMissing, readDocument, writeDocument } from './durable-file.ts';

export interface DataFolder {
  /** Everything that the stack keeps belongs in here; `fresh` empties this and nothing else. */
  readonly state: string;
  /** Lets the next stack in. The data stays. */
  release(): void;
}

/** Its message is for the person at the terminal. */
export class DataFolderError extends Error {
  override name = 'DataFolderError';
}

const markerFile = 'gatehouse.json';
const lockFile = 'gatehouse.lock';
const stateFolder = 'state';
const marker = { gatehouse: 'data folder of the embedded stack', format: 1 };

interface Holder {
  pid: number;
  /** Tells apart two processes that were given the same pid one after the other; empty where the system does not tell. */
  started: string;
  /** Tells apart two locks of one process. */
  id: string;
}

/** Locks that this very process holds: its own pid in a lock file proves nothing after a restart in a container. */
const held = new Set<string>();

/**
 * Opens `path`, making it when it does not exist. Throws a `DataFolderError` when another stack is using it, or when it holds
 * something else than a stack's data. `fresh` starts with no data.
 */
export function openDataFolder(path: string, options: { fresh?: boolean } = {}): DataFolder {
  const folder = resolve(path);
  mkdirSync(folder, { recursive: true });
  mustBeOurs(folder);
  const id = lock(folder);
  try {
    writeDocument(join(folder, markerFile), marker);
    const state = join(folder, stateFolder);
    if (options.fresh) rmSync(state, { recursive: true, force: true });
    mkdirSync(state, { recursive: true, mode: 0o700 });
    return { state, release: () => unlock(folder, id) };
  } catch (error) {
    unlock(folder, id);
    throw error;
  }
}

/** An empty folder, or one that a stack has marked. */
function mustBeOurs(folder: string): void {
  const found = existsSync(join(folder, markerFile)) ? readDocument(join(folder, markerFile)) : undefined;
  const isMarked = typeof found === 'object' && found !== null && 'gatehouse' in found;
  if (!isMarked) {
    const strangers = readdirSync(folder).filter((name) => !name.startsWith(lockFile) && name !== `${markerFile}.next`);
    if (strangers.length === 0) return;
    throw new DataFolderError(
      `${folder} is not a Gatehouse data folder and not empty (it holds ${strangers[0]}): give another folder with --data`,
    );
  }
  const format = 'format' in found ? found.format : undefined;
  if (format === marker.format) return;
  throw new DataFolderError(
    `${folder} holds data of format ${format}, and this version reads format ${marker.format}: give another folder with --data`,
  );
}

/**
 * Each stack puts a file of its own first and looks for others afterwards, so of two that start together at least one sees the
 * other. A file is removed by its own process, or when its process is dead: no live lock is ever touched.
 */
function lock(folder: string): string {
  const mine: Holder = { pid: process.pid, started: startOf(process.pid), id: randomUUID() };
  const path = join(folder, `${lockFile}.${mine.id}`);
  writeFileSync(`${path}.next`, JSON.stringify(mine));
  renameSync(`${path}.next`, path);
  held.add(mine.id);
  for (const name of readdirSync(folder).filter((each) => isLock(each) && each !== `${lockFile}.${mine.id}`)) {
    const other = read(join(folder, name));
    if (!other || !isAlive(other)) {
      rmSync(join(folder, name), { force: true });
      continue;
    }
    unlock(folder, mine.id);
    throw new DataFolderError(`${folder} is in use by process ${other.pid}: stop that process, or give another folder with --data`);
  }
  return mine.id;
}

function isLock(name: string): boolean {
  return name.startsWith(`${lockFile}.`) && !name.endsWith('.next');
}

function unlock(folder: string, id: string): void {
  held.delete(id);
  rmSync(join(folder, `${lockFile}.${id}`), { force: true });
}

/** Undefined when the lock is gone, or was written by no stack. */
function read(path: string): Holder | undefined {
  try {
    const found: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof found !== 'object' || found === null || !('pid' in found) || !Number.isInteger(found.pid)) return undefined;
    return { pid: Number(found.pid), started: 'started' in found ? String(found.started) : '', id: 'id' in found ? String(found.id) : '' };
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isAlive(holder: Holder): boolean {
  if (holder.pid === process.pid) return held.has(holder.id);
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // A process of another user is there all the same.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  const started = startOf(holder.pid);
  return !holder.started || !started || started === holder.started;
}

/** Linux tells when a process started, in ticks since boot (proc(5), field 22 of stat); elsewhere this is empty. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command in brackets and may hold spaces.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
