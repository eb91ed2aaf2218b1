/**
 * Remembers what was promised until it is done, across kills: lines of JSON appended to one file, written anew when most of it is done.
 * Every line starts with a newline, so that what a killed process left half written spoils no line after it. Nothing is synced: it
 * survives the process, not a power cut.
 */
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { isMissing } from '../../durable-file.ts';

export interface Journal<T> {
  /** What earlier processes promised and did not do, oldest first. */
  left(): [id: string, value: T][];
  /** Kept when this returns. */
  promise(id: string, value: T): void;
  done(id: string): void;
  /** Nothing is kept or struck out any more. */
  close(): void;
}

type Line<T> = { id: string; value: T } | { done: string };

/** Lines in the file above which it is written anew, once three in four of them are over. */
const compactAbove = 4096;

/** Without `path` promises live as long as this process. */
export function openJournal<T>(path?: string): Journal<T> {
  const open = new Map<string, T>();
  if (path === undefined) {
    return { left: () => [], promise: () => {}, done: () => {}, close: () => {} };
  }
  const file = path;
  for (const line of linesOf<T>(file)) {
    if ('done' in line) open.delete(line.done);
    else open.set(line.id, line.value);
  }
  const left = [...open];
  mkdirSync(dirname(file), { recursive: true });
  let handle = writeAnew();
  let lines = open.size;
  let closed = false;

  function writeAnew(): number {
    const next = `${file}.next`;
    writeFileSync(next, [...open].map(([id, value]) => text({ id, value })).join(''), { mode: 0o600 });
    renameSync(next, file);
    return openSync(file, 'a');
  }
  function append(line: Line<T>): void {
    if (closed) return;
    writeSync(handle, text(line));
    lines++;
    if (lines < compactAbove || lines < open.size * 4) return;
    closeSync(handle);
    handle = writeAnew();
    lines = open.size;
  }
  return {
    left: () => left.splice(0),
    promise(id, value) {
      open.set(id, value);
      append({ id, value });
    },
    done(id) {
      if (open.delete(id)) append({ done: id });
    },
    close() {
      if (closed) return;
      closed = true;
      closeSync(handle);
    },
  };
}

function text(line: object): string {
  return `\n${JSON.stringify(line)}`;
}

function linesOf<T>(path: string): Line<T>[] {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
  return content.split('\n').flatMap((line) => {
    const parsed = parseLine(line);
    return parsed === undefined ? [] : [parsed as Line<T>];
  });
}

/** Undefined for an empty line and for one that a killed process left half written. */
export function parseLine(line: string): unknown {
  if (line === '') return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
