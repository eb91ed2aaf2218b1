/** Keeps executions stored while they change, step by step, and tells listeners of each status once it is stored. It runs none. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Timer } from '../../clock.ts';
import type { TopMachine } from './definition.ts';
import type { HistoryEvent } from './history.ts';
import type { ExecutionStore, Given, Progress, Stored, Summary } from './store.ts';

/** An execution as listeners and DescribeExecution see it. */
export type ExecutionView = Summary & Omit<Progress, 'frame'> & { input: string };
export type OnStatus = (execution: ExecutionView) => void | Promise<void>;

/** An execution in this process: running, or ended and not yet stored. */
export interface Live {
  summary: Summary;
  given: Given;
  progress: Progress;
  machine: TopMachine;
  /** Aborts when the attempt ends: nothing is written by its threads after that. */
  attempt: AbortController;
  timeout?: Timer;
  unsaved: HistoryEvent[];
  sending: HistoryEvent[];
  /** The store has its first entry. */
  known: boolean;
  changed: boolean;
  /** The loop that stores until nothing changes, and tells listeners. */
  saving?: Promise<void>;
  /** Those who wait for the next entry to be stored. */
  waiting: { resolve: () => void; reject: (reason: unknown) => void }[];
  untold: ExecutionView[];
  /** Threads with work in flight. */
  active: number;
}

/** Why threads stop that are neither aborted nor failed: the process ends. */
export class Closing extends Error {
  override name = 'Closing';
}

export interface Keeper {
  /** Something of it changed: it is stored soon. */
  touched(entry: Live): void;
  /** Resolves once the execution is stored as it is now, or later. */
  stored(entry: Live): Promise<void>;
  /** Listeners are told its status as it is now. */
  announce(entry: Live): void;
  /** Nothing more is stored but what is on its way. */
  close(): void;
}

export interface KeeperOptions {
  store: ExecutionStore;
  onStatus: OnStatus;
  onFault: (error: unknown) => void;
  /** An execution that has ended is stored and told. */
  onEnded(entry: Live): void;
  /** Nothing of an execution is on its way any more. */
  onQuiet(): void;
}

export function createKeeper({ store, onStatus, onFault, onEnded, onQuiet }: KeeperOptions): Keeper {
  let closed = false;

  function touched(entry: Live): void {
    entry.changed = true;
    if (entry.saving || closed) return;
    entry.saving = save(entry).finally(() => {
      delete entry.saving;
      onQuiet();
    });
    // The next change tries again, and a status that was not told is told after a restart.
    entry.saving.catch(onFault);
  }
  /** Stores what changed until nothing has; steps of one turn of the event loop go together. */
  async function save(entry: Live): Promise<void> {
    while (entry.changed || entry.untold.length > 0) {
      await turn();
      const untold = [...entry.untold];
      await saveOnce(entry);
      for (const view of untold) {
        await onStatus(view);
        entry.untold.shift();
        // Told again after a crash in between: listeners hear of each status at least once.
        entry.summary.announced = view.status;
        entry.changed = true;
      }
    }
    if (entry.summary.status !== 'RUNNING') onEnded(entry);
  }
  async function saveOnce(entry: Live): Promise<void> {
    const waiting = entry.waiting.splice(0);
    entry.changed = false;
    entry.sending = entry.unsaved;
    entry.unsaved = [];
    try {
      const first = entry.known ? {} : { given: entry.given };
      await store.append({ summary: entry.summary, progress: entry.progress, events: entry.sending, ...first });
    } catch (error) {
      entry.unsaved.unshift(...entry.sending);
      for (const each of waiting) each.reject(error);
      throw error;
    }
    entry.known = true;
    entry.sending = [];
    for (const each of waiting) each.resolve();
  }
  /** Resolves once the execution is stored as it is now, or later. */
  function stored(entry: Live): Promise<void> {
    return new Promise((resolve, reject) => {
      if (closed) return reject(new Closing('The stack is closing'));
      entry.waiting.push({ resolve, reject });
      touched(entry);
    });
  }
  function announce(entry: Live): void {
    entry.untold.push(viewOf(entry));
    touched(entry);
  }
  return {
    touched,
    stored,
    announce,
    close: () => {
      closed = true;
    },
  };
}

export function viewOf(stored: Pick<Stored, 'summary' | 'given' | 'progress'>): ExecutionView {
  const { frame: _, ...progress } = stored.progress;
  return { ...stored.summary, ...progress, input: stored.given.input };
}
