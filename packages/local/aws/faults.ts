/**
 * Faults on demand for the embedded AWS: latency, errors by name, throttling, lost answers, partial batches, conflicts, stale index reads and
 * clock skew. They strike where calls are dispatched, so that no service knows of them. A fault ends by itself after `times` or `seconds`.
 */
import { randomUUID } from 'node:crypto';
import type { Clock, Timer } from '../clock.ts';
import { conflictOf, throttleOf } from './fault-errors.ts';
import { partial } from './fault-partial.ts';
import { createStaleReads, type StaleReads } from './fault-stale.ts';
import { AwsError } from './service.ts';

/** One call as it is dispatched. */
export interface Dispatched {
  /** e.g. `dynamodb`, `events`, `states`, `kms`, `sqs`, `lambda`. */
  service: string;
  operation: string;
  /** The function that is invoked, by its physical name. */
  functionName?: string;
  /** The machine's state that invokes it. */
  state?: string;
  /** The access key id of the signature: a function's physical name inside the stack. */
  caller: string;
  input?: unknown;
}

export interface FaultWish {
  /** Scope; what is absent matches everything. */
  service?: string;
  operation?: string;
  /** Physical name of the function invoked. */
  function?: string;
  /** Name of the machine's state that invokes it. */
  state?: string;
  /** Some text of the event that the function is invoked with, e.g. a person's id. */
  about?: string;
  /** Physical name of the function that calls. */
  caller?: string;
  /** Stack time. */
  delay_ms?: number;
  /** The call never comes back, until the fault ends. */
  hang?: boolean;
  /** Refused by this exception's name, e.g. `InternalServerError`; `TransactionConflict` takes the shape that DynamoDB gives it. */
  error?: string;
  message?: string;
  /** The HTTP status of `error`; 500 for names of server faults, else 400. */
  status?: number;
  /** Refused as this service throttles. */
  throttle?: boolean;
  /** The call is done in full, then its answer is lost: the connection is cut, or the function's environment dies. */
  lose_answer?: boolean;
  /** The function does nothing, and this is taken for its answer. */
  answer?: object;
  /** So many entries of a batch are not done: PutEvents, BatchGetItem, BatchWriteItem. */
  partial?: number;
  /** Reads of a DynamoDB index show nothing that was written since the fault was set. */
  stale?: boolean;
  /** With `stale`: only the writes of the last so many seconds of stack time are not shown. */
  lag_seconds?: number;
  /** The `Date` of answers is off by this. */
  skew_seconds?: number;
  /** Calls left to strike. */
  times?: number;
  /** Ends after so much stack time. */
  seconds?: number;
}

export interface AwsFault extends FaultWish {
  id: string;
  struck: number;
}

export type Run = (input: unknown) => Promise<unknown>;

export interface MetFault {
  error?: AwsError;
  answerLost: boolean;
  /** Stands for the answer of a function that is not run. */
  answer?: object;
  skewMs: number;
  /** Does the call, bent where the fault says so. */
  around(input: unknown, run: Run): Promise<unknown>;
}

export interface AwsFaults {
  /** Undefined when nothing strikes. Resolves when the fault's delay is over. */
  meet(call: Dispatched): Promise<MetFault | undefined>;
  /** A fault would strike this call; it is not counted. */
  waitsFor(call: Dispatched): boolean;
  add(wish: FaultWish): AwsFault;
  list(): readonly AwsFault[];
  /** False when there is none. */
  remove(id: string): boolean;
  clear(): void;
}

interface Live {
  fault: AwsFault;
  ended: AbortController;
  timer?: Timer;
  stale?: StaleReads;
}

/** Reads an item as it is before a write: what stale reads go on showing. */
export type ReadItem = (operation: string, input: object) => Promise<unknown>;

export function createAwsFaults(clock: Clock, readItem: ReadItem): AwsFaults {
  let faults: Live[] = [];

  function add(wish: FaultWish): AwsFault {
    const fault: AwsFault = { ...wish, id: randomUUID(), struck: 0 };
    const live: Live = { fault, ended: new AbortController() };
    if (wish.stale)
      live.stale = createStaleReads(readItem, clock.now, wish.lag_seconds === undefined ? undefined : wish.lag_seconds * 1000);
    if (wish.seconds !== undefined) live.timer = clock.after(wish.seconds * 1000, () => end(live));
    faults.push(live);
    return fault;
  }
  function end(live: Live): void {
    faults = faults.filter((one) => one !== live);
    live.timer?.cancel();
    live.ended.abort();
  }

  async function meet(call: Dispatched): Promise<MetFault | undefined> {
    // Writes are noted by every stale fault, whichever fault strikes them.
    const watching = faults.flatMap(({ stale }) => (stale && call.service === 'dynamodb' ? [stale] : []));
    const live = faults.find((one) => strikes(one.fault, call));
    if (!live) return watching.length === 0 ? undefined : { answerLost: false, skewMs: 0, around: noting(watching, call, pass) };
    const { fault } = live;
    fault.struck += 1;
    if (fault.delay_ms) await clock.sleep(fault.delay_ms, live.ended.signal).catch(() => {});
    if (fault.hang && !live.ended.signal.aborted)
      await new Promise<void>((resolve) => live.ended.signal.addEventListener('abort', () => resolve(), { once: true }));
    if (fault.times !== undefined && fault.struck >= fault.times && !fault.hang) end(live);
    const error = errorOf(fault, call);
    const bend: Bend = (input, run) => {
      if (fault.partial !== undefined) return partial(call.operation, input, run, fault.partial);
      return live.stale ? live.stale.read(call.operation, input, run) : run(input);
    };
    return {
      ...(error && { error }),
      ...(fault.answer && { answer: fault.answer }),
      answerLost: fault.lose_answer === true,
      skewMs: (fault.skew_seconds ?? 0) * 1000,
      around: noting(watching, call, bend),
    };
  }

  return {
    meet,
    waitsFor: (call) => faults.some(({ fault }) => strikes(fault, call)),
    add,
    list: () => faults.map(({ fault }) => fault),
    remove(id) {
      const live = faults.find(({ fault }) => fault.id === id);
      if (live) end(live);
      return live !== undefined;
    },
    clear() {
      for (const live of [...faults]) end(live);
    },
  };
}

type Bend = (input: unknown, run: Run) => Promise<unknown>;
const pass: Bend = (input, run) => run(input);

function noting(watching: readonly StaleReads[], { operation }: Dispatched, bend: Bend): Bend {
  return async (input, run) => {
    for (const stale of watching) await stale.note(operation, input);
    return bend(input, run);
  };
}

function strikes(fault: AwsFault, call: Dispatched): boolean {
  const fits = (wanted: string | undefined, given: string | undefined) => wanted === undefined || wanted === given;
  if (fault.times !== undefined && fault.struck >= fault.times) return false;
  if (!fits(fault.service, call.service) || !fits(fault.operation, call.operation)) return false;
  if (!fits(fault.function, call.functionName) || !fits(fault.caller, call.caller)) return false;
  if (!fits(fault.state, call.state)) return false;
  if (fault.about !== undefined && !JSON.stringify(call.input ?? null).includes(fault.about)) return false;
  if (fault.stale) return call.service === 'dynamodb' && isIndexRead(call.operation, call.input);
  if (fault.partial !== undefined) return /^(PutEvents|BatchGetItem|BatchWriteItem)$/.test(call.operation);
  return true;
}

function isIndexRead(operation: string, input: unknown): boolean {
  const { IndexName } = (input ?? {}) as { IndexName?: unknown };
  return (operation === 'Query' || operation === 'Scan') && IndexName !== undefined;
}

function errorOf(fault: AwsFault, call: Dispatched): AwsError | undefined {
  if (fault.throttle) return throttleOf(call.service);
  if (fault.error === undefined) return undefined;
  if (fault.error === 'TransactionConflict') return conflictOf(call.operation, call.input);
  const isServerFault = /Internal|Unavailable|ServerError|ServiceException/.test(fault.error);
  return new AwsError(fault.error, fault.message ?? 'A fault was injected', { status: fault.status ?? (isServerFault ? 500 : 400) });
}

const services: Readonly<Record<string, string>> = {
  DynamoDB_20120810: 'dynamodb',
  AWSEvents: 'events',
  AWSStepFunctions: 'states',
  TrentService: 'kms',
  secretsmanager: 'secretsmanager',
  GraniteServiceVersion20100801: 'cloudwatch',
  Logs_20140328: 'logs',
  AmazonSSM: 'ssm',
  AmazonEC2ContainerServiceV20141113: 'ecs',
};

/** `DynamoDB_20120810` -> `dynamodb`, as IAM and faults name it. */
export function serviceOfTarget(target: string): string {
  return services[target] ?? target.toLowerCase();
}
