/**
 * The events of one archive, in the order they came: segments of about a megabyte, on disk when there is a folder, of which only the
 * counts stay in memory. It forgets by age, and its oldest segment when all of them grow beyond a bound. It selects no event.
 */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BusEvent } from './delivery.ts';
import { parseLine } from './journal.ts';

/** An archived event and when it was archived, in milliseconds of stack time. */
export interface Archived {
  at: number;
  event: BusEvent;
}

export interface ArchiveLog {
  append(archived: Archived): void;
  /** Events that are kept now. */
  count(): number;
  bytes(): number;
  /** Forgets the segments whose newest event was archived before. */
  forget(beforeMs: number): void;
  /** One segment at a time. Events that are appended meanwhile may be among them. */
  read(): Iterable<readonly Archived[]>;
  remove(): void;
}

interface Segment {
  name: string;
  count: number;
  bytes: number;
  newestAt: number;
  /** Only without a folder. */
  lines: string[];
}

const segmentBytes = 1024 * 1024;

export interface ArchiveLogOptions {
  folder?: string;
  /** Above it the oldest segment goes. */
  maxBytes?: number;
}

export function openArchiveLog({ folder, maxBytes = 64 * 1024 * 1024 }: ArchiveLogOptions = {}): ArchiveLog {
  let segments: Segment[] = folder === undefined ? [] : found(folder);
  if (folder !== undefined) mkdirSync(folder, { recursive: true });
  let next = Number(segments.at(-1)?.name.split('.')[0] ?? 0) + 1;

  const total = () => segments.reduce((sum, segment) => sum + segment.bytes, 0);

  function newest(): Segment {
    const last = segments.at(-1);
    if (last && last.bytes < segmentBytes) return last;
    const name = `${String(next++).padStart(12, '0')}.jsonl`;
    const segment: Segment = { name, count: 0, bytes: 0, newestAt: 0, lines: [] };
    segments.push(segment);
    while (segments.length > 1 && total() > maxBytes) drop(segments[0]);
    return segment;
  }
  function drop(segment: Segment | undefined): void {
    segments = segments.filter((each) => each !== segment);
    if (folder !== undefined && segment) rmSync(join(folder, segment.name), { force: true });
  }
  return {
    append(archived) {
      const line = `\n${JSON.stringify(archived)}`;
      const segment = newest();
      if (folder === undefined) segment.lines.push(line.slice(1));
      else appendFileSync(join(folder, segment.name), line, { mode: 0o600 });
      segment.count++;
      segment.bytes += Buffer.byteLength(line);
      segment.newestAt = Math.max(segment.newestAt, archived.at);
    },
    count: () => segments.reduce((sum, segment) => sum + segment.count, 0),
    bytes: total,
    forget(beforeMs) {
      for (const segment of segments.filter(({ newestAt }) => newestAt < beforeMs)) drop(segment);
    },
    *read() {
      for (const segment of [...segments]) {
        if (folder === undefined) yield segment.lines.map((line) => JSON.parse(line) as Archived);
        else if (segments.includes(segment)) yield archivedIn(join(folder, segment.name));
      }
    },
    remove() {
      segments = [];
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function found(folder: string): Segment[] {
  mkdirSync(folder, { recursive: true });
  const names = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  return names.sort().map((name) => {
    const archived = archivedIn(join(folder, name));
    const bytes = archived.reduce((sum, each) => sum + Buffer.byteLength(JSON.stringify(each)) + 1, 0);
    return { name, count: archived.length, bytes, newestAt: Math.max(0, ...archived.map(({ at }) => at)), lines: [] };
  });
}

function archivedIn(path: string): Archived[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const parsed = parseLine(line);
      return parsed === undefined ? [] : [parsed as Archived];
    });
}
