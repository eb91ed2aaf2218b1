/**
 * Keeps executions in a folder, one file each, so that they survive the process (not a power cut: nothing is synced to the disk).
 * A file is lines of JSON appended while the execution runs, and one line once it has ended. Every line starts with a newline, so that
 * what a killed process left half written spoils no line after it. One process at a time may use a folder.
 */
import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseExecutionArn } from './arn.ts';
import type { Entry, ExecutionStore, Given, Stored, Summary } from './store.ts';

const filesAtOnce = 16;

/** An entry as text, taken when it was appended: the engine goes on changing its objects. */
interface Waiting {
  executionArn: string;
  line: string;
  summary: string;
  /** What the index says of it. */
  state: string;
  first: boolean;
  ended: boolean;
  /** Nothing more will be said of it. */
  final: boolean;
  resolve: () => void;
  reject: (reason: unknown) => void;
}

/** The folder is made when first written to. */
export function fileStore(folder: string): ExecutionStore {
  const index = join(folder, 'index.jsonl');
  const made = new Set<string>();
  /** The status each execution has in the index: a line is written only when it changes. */
  const indexed = new Map<string, string>();
  let waiting: Waiting[] = [];
  let draining = false;

  function append(entry: Entry): Promise<void> {
    const { executionArn, status, announced, redriveCount } = entry.summary;
    const ended = status !== 'RUNNING';
    const taken = {
      executionArn,
      line: JSON.stringify(entry),
      summary: JSON.stringify(entry.summary),
      state: `${status} ${announced} ${redriveCount}`,
      first: entry.given !== undefined,
      ended,
      final: ended && announced === status,
    };
    return new Promise((resolve, reject) => {
      waiting.push({ ...taken, resolve, reject });
      if (!draining) void drain();
    });
  }
  /** Takes all that waits at once: entries that come while files are written share the next round. */
  async function drain(): Promise<void> {
    draining = true;
    while (waiting.length > 0) {
      const round = waiting;
      waiting = [];
      const written: Waiting[] = [];
      const next = round.values();
      await Promise.all(Array.from({ length: Math.min(filesAtOnce, round.length) }, () => write(next, written)));
      await writeIndex(written);
    }
    draining = false;
  }
  async function write(next: Iterator<Waiting>, written: Waiting[]): Promise<void> {
    for (let step = next.next(); !step.done; step = next.next()) {
      const each = step.value;
      try {
        await writeEntry(each);
        written.push(each);
      } catch (error) {
        each.reject(error);
      }
    }
  }
  async function writeEntry({ executionArn, line, first, ended }: Waiting): Promise<void> {
    const path = pathOf(folder, executionArn);
    await makeFolder(dirname(path));
    // A first entry replaces the file of a start that was never answered.
    if (first) return writeFile(path, `\n${line}`);
    if (!ended) return appendFile(path, `\n${line}`);
    const before = await readExecution(path);
    const entry: Entry = JSON.parse(line);
    await replace(path, `\n${JSON.stringify(before ? fold(before, entry) : entry)}`);
  }
  async function writeIndex(round: Waiting[]): Promise<void> {
    const lines: string[] = [];
    for (const { executionArn, state, summary, final } of round) {
      if (indexed.get(executionArn) === state) continue;
      if (final) indexed.delete(executionArn);
      else indexed.set(executionArn, state);
      lines.push(`\n${summary}`);
    }
    try {
      if (lines.length > 0) await appendFile(index, lines.join(''));
      for (const each of round) each.resolve();
    } catch (error) {
      for (const each of round) each.reject(error);
    }
  }
  async function makeFolder(path: string): Promise<void> {
    if (made.has(path)) return;
    await mkdir(path, { recursive: true });
    made.add(path);
  }
  async function* load(): AsyncIterable<Summary> {
    const latest = new Map<string, Summary>();
    for (const summary of lines<Summary>(await text(index))) latest.set(summary.executionArn, summary);
    if (latest.size === 0) return;
    const running = [...latest.values()].filter((summary) => summary.status === 'RUNNING');
    // The index follows the files: a killed process may have left it a step behind.
    for (const { executionArn } of running) {
      const stored = await readExecution(pathOf(folder, executionArn));
      if (stored) latest.set(executionArn, stored.summary);
    }
    await replace(index, [...latest.values()].map((summary) => `\n${JSON.stringify(summary)}`).join(''));
    yield* latest.values();
  }
  async function keep(name: string, content: string): Promise<void> {
    const path = join(folder, name);
    await makeFolder(dirname(path));
    await replace(path, content);
  }
  return {
    append,
    read: (executionArn) => readExecution(pathOf(folder, executionArn)),
    load,
    keepDefinition: (hash, content) => keep(join('definitions', `${hash}.json`), content),
    definition: (hash) => text(join(folder, 'definitions', `${hash}.json`)),
    keepRegistry: (content) => keep('machines.json', content),
    registry: () => text(join(folder, 'machines.json')),
  };
}

function pathOf(folder: string, executionArn: string): string {
  const { machine, name } = parseExecutionArn(executionArn);
  return join(folder, 'executions', encodeURIComponent(machine), `${encodeURIComponent(name)}.jsonl`);
}

async function readExecution(path: string): Promise<Stored | undefined> {
  let stored: Stored | undefined;
  for (const entry of lines<Entry & { given?: Given }>(await text(path))) {
    if (stored) stored = fold(stored, entry);
    else if (entry.given) stored = { summary: entry.summary, given: entry.given, progress: entry.progress, events: [...entry.events] };
  }
  return stored;
}

function fold(before: Stored, entry: Entry): Stored {
  before.events.push(...entry.events);
  return { summary: entry.summary, given: before.given, progress: entry.progress, events: before.events };
}

function lines<T>(content: string | undefined): T[] {
  return (content ?? '').split('\n').flatMap((line): T[] => {
    if (line === '') return [];
    try {
      return [JSON.parse(line)];
    } catch {
      return []; // Half a line, left by a killed process; its entry was never acknowledged.
    }
  });
}

async function text(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A reader sees the old content or the new one, never half of it. */
async function replace(path: string, content: string): Promise<void> {
  const draft = `${path}.new`;
  await writeFile(draft, content);
  await rename(draft, path);
}
