/**
 * Decides which environment runs which event: one at a time each, started on first use, more when events wait, fewest memory first.
 * It never stops a busy environment to make room, and never leaves a function without the chance of one, so that a function that
 * waits for another cannot lock both out.
 */
import { randomUUID } from 'node:crypto';
import type { FunctionSpec, InvokeIo, InvokeResult } from './contract.ts';
import type { Environment } from './environment.ts';

export interface FleetOptions {
  start: (spec: FunctionSpec, onDeath: () => void) => Environment;
  /** Above this many environments an idle one goes before another comes. */
  softLimit: number;
  /** Above this many a function that has an environment gets no second one. */
  hardLimit: number;
  /** Real milliseconds after which an unused environment ends. */
  idleMs: number;
}

export interface Fleet {
  add(spec: FunctionSpec): void;
  has(name: string): boolean;
  /** `patient` events queue without bound; others are throttled when the queue is full. */
  invoke(name: string, event: string, patient: boolean, io?: InvokeIo): Promise<InvokeResult>;
  busy(): number;
  size(): number;
  close(): Promise<void>;
}

interface Job {
  event: string;
  io: InvokeIo | undefined;
  resolve: (result: InvokeResult) => void;
}
interface Member {
  spec: FunctionSpec;
  idle: Environment[];
  all: Set<Environment>;
  queue: Job[];
  growth?: NodeJS.Timeout | undefined;
}

const defaultConcurrency = 10;
const maxQueued = 1000;
/** How often it is looked whether waiting events are worth another environment. */
const patienceMs = 20;
/** Environments that hold each event shorter than this are through with those that wait before another has started. */
const slowMs = 250;
/** An environment that has held one event this long waits for something else than the processor. */
const stuckMs = 500;
/** What gives way to another function's second environment: a spare one, or a last one, unused for this long. */
const rested = { spare: 1000, last: 10_000 };
const anyAge = { spare: 0, last: 0 };

export function createFleet({ start, softLimit, hardLimit, idleMs }: FleetOptions): Fleet {
  const members = new Map<string, Member>();
  let open = 0;
  let closed = false;
  const reaper = setInterval(() => reap(), Math.min(idleMs, 5000));
  reaper.unref();

  const size = () => [...members.values()].reduce((sum, member) => sum + member.all.size, 0);

  function dispatch(member: Member): void {
    while (member.queue.length > 0 && member.idle.length > 0) {
      const environment = member.idle.pop();
      if (environment) void run(member, environment);
    }
    if (member.queue.length === 0) return;
    if (member.all.size === 0) {
      if (size() >= softLimit) evict(anyAge);
      void run(member, grow(member));
      dispatch(member);
      return;
    }
    const limit = member.spec.concurrency ?? defaultConcurrency;
    if (member.all.size < limit && !member.growth) member.growth = setTimeout(() => reconsider(member), patienceMs);
  }
  function reconsider(member: Member): void {
    member.growth = undefined;
    if (member.queue.length === 0 || closed) return;
    const heldMs = Math.min(...[...member.all].map((environment) => performance.now() - environment.since()));
    const room = heldMs >= slowMs && (size() < softLimit || evict(rested));
    if (room || (heldMs >= stuckMs && size() < hardLimit)) void run(member, grow(member));
    dispatch(member);
  }
  function grow(member: Member): Environment {
    const environment = start(member.spec, () => {
      member.all.delete(environment);
      member.idle = member.idle.filter((other) => other !== environment);
    });
    member.all.add(environment);
    return environment;
  }
  async function run(member: Member, environment: Environment): Promise<void> {
    const job = member.queue.shift();
    if (!job) {
      member.idle.push(environment);
      return;
    }
    const result = await environment.run(randomUUID(), job.event, job.io);
    if (member.all.has(environment)) member.idle.push(environment);
    open--;
    job.resolve(result);
    if (!closed) dispatch(member);
  }
  /**
   * Ends the idle environment unused for longest, functions with several first; false when none is old enough. The last one of a function
   * in use is kept longer: a second environment here is not worth a cold start there.
   */
  function evict(unusedMs: { spare: number; last: number }): boolean {
    const oldest = [...members.values()]
      .flatMap((member) => member.idle.map((environment) => ({ environment, last: member.all.size === 1 })))
      .filter(({ environment, last }) => performance.now() - environment.since() >= (last ? unusedMs.last : unusedMs.spare))
      .sort((a, b) => Number(a.last) - Number(b.last) || a.environment.since() - b.environment.since())[0];
    if (!oldest) return false;
    void oldest.environment.terminate();
    return true;
  }
  function reap(): void {
    while (size() > softLimit && evict(anyAge));
    for (const member of members.values()) {
      for (const environment of [...member.idle]) if (performance.now() - environment.since() >= idleMs) void environment.terminate();
    }
  }

  return {
    add(spec) {
      members.set(spec.name, { spec, idle: [], all: new Set(), queue: [] });
    },
    has: (name) => members.has(name),
    invoke(name, event, patient, io) {
      const member = members.get(name);
      if (!member || closed) {
        const errorMessage = closed ? 'The embedded stack is shutting down' : `Function not found: ${name}`;
        return Promise.resolve({ error: { errorType: 'ResourceNotFoundException', errorMessage }, refused: 'unknown' });
      }
      if (!patient && member.queue.length >= maxQueued)
        return Promise.resolve({ error: { errorType: 'TooManyRequestsException', errorMessage: 'Rate Exceeded.' }, refused: 'throttled' });
      open++;
      return new Promise((resolve) => {
        member.queue.push({ event, io, resolve });
        dispatch(member);
      });
    },
    busy: () => open,
    size,
    async close() {
      closed = true;
      clearInterval(reaper);
      const ends = [...members.values()].flatMap((member) => {
        clearTimeout(member.growth);
        for (const job of member.queue.splice(0)) {
          open--;
          job.resolve({ error: { errorType: 'Runtime.ExitError', errorMessage: 'The embedded stack is shutting down' } });
        }
        return [...member.all].map((environment) => environment.terminate());
      });
      await Promise.all(ends);
    },
  };
}
