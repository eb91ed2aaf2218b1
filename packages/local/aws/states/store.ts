/** Where executions are kept: the contract, and a store in memory. A stored execution can be read, listed and gone on from. */
import type { Frame } from './frame.ts';
import type { HistoryEvent } from './history.ts';

export type Status = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

/** What lists show of an execution, and all that stays in memory of a finished one. Dates are stack time in milliseconds. */
export interface Summary {
  executionArn: string;
  stateMachineArn: string;
  stateMachineVersionArn?: string;
  stateMachineAliasArn?: string;
  name: string;
  status: Status;
  startDate: number;
  stopDate?: number;
  redriveCount: number;
  redriveDate?: number;
  /** Number of events in the history. */
  events: number;
  /** The last status that listeners were told of. */
  announced?: Status;
}

/** What an execution was started with. */
export interface Given {
  /** SHA-256 of the definition's text, see `keepDefinition`. */
  definition: string;
  roleArn: string;
  revisionId?: string;
  /** JSON text. */
  input: string;
}

/** Where it stands. */
export interface Progress {
  /** The root thread; null once the execution succeeded. */
  frame: Frame | null;
  /** Start of the machine's own timeout: the start, or the last redrive. */
  since: number;
  output?: string;
  error?: string;
  cause?: string;
}

export interface Entry {
  summary: Summary;
  /** Only with the first entry of an execution. */
  given?: Given;
  progress: Progress;
  /** New since the entry before. */
  events: readonly HistoryEvent[];
}
export interface Stored {
  summary: Summary;
  given: Given;
  progress: Progress;
  events: HistoryEvent[];
}

export interface ExecutionStore {
  /** Resolves once the entry survives this process. Called for one execution only after its last call has resolved. */
  append(entry: Entry): Promise<void>;
  /** The whole of one execution, or undefined when it is unknown or no longer kept. */
  read(executionArn: string): Promise<Stored | undefined>;
  /** Every kept execution, in the order of their starts. */
  load(): AsyncIterable<Summary>;
  /** A definition's text under its hash; executions go on with the one they began with. */
  keepDefinition(hash: string, text: string): Promise<void>;
  definition(hash: string): Promise<string | undefined>;
  /** The machines with their versions and aliases, as one text. */
  keepRegistry(text: string): Promise<void>;
  registry(): Promise<string | undefined>;
}

interface Kept {
  summary: Summary;
  given: string;
  progress: string;
  events: string[];
  bytes: number;
}

/** Keeps executions as text until `maxBytes`, then forgets the longest finished ones, as AWS does after 90 days. */
export function memoryStore(maxBytes = 128 * 1024 * 1024): ExecutionStore {
  const kept = new Map<string, Kept>();
  const definitions = new Map<string, string>();
  let machines: string | undefined;
  let total = 0;

  function append(entry: Entry): Promise<void> {
    const arn = entry.summary.executionArn;
    const known = entry.given ? undefined : kept.get(arn);
    if (!known && !entry.given) return Promise.reject(new Error(`The execution ${arn} is no longer kept`));
    const next: Kept = known ?? { summary: entry.summary, given: JSON.stringify(entry.given), progress: '', events: [], bytes: 0 };
    const events = entry.events.map((event) => JSON.stringify(event));
    const progress = JSON.stringify(entry.progress);
    const grown = events.reduce((sum, event) => sum + event.length, 0) + progress.length - next.progress.length;
    next.summary = structuredClone(entry.summary);
    next.progress = progress;
    next.events.push(...events);
    next.bytes += grown;
    total += grown;
    kept.set(arn, next);
    forget();
    return Promise.resolve();
  }
  function forget(): void {
    if (total <= maxBytes) return;
    for (const [arn, each] of kept) {
      if (total <= maxBytes) return;
      if (each.summary.status === 'RUNNING') continue;
      kept.delete(arn);
      total -= each.bytes;
    }
  }
  async function read(arn: string): Promise<Stored | undefined> {
    const found = kept.get(arn);
    if (!found) return undefined;
    return {
      summary: structuredClone(found.summary),
      given: JSON.parse(found.given),
      progress: JSON.parse(found.progress),
      events: found.events.map((event) => JSON.parse(event)),
    };
  }
  async function* load(): AsyncIterable<Summary> {
    for (const each of kept.values()) yield structuredClone(each.summary);
  }
  return {
    append,
    read,
    load,
    keepDefinition: async (hash, text) => void definitions.set(hash, text),
    definition: async (hash) => definitions.get(hash),
    keepRegistry: async (text) => {
      machines = text;
    },
    registry: async () => machines,
  };
}
