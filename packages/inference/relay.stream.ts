/**
 * Passes an answer on while it comes: pings over silence, an orderly end when the watch says so, the money settled before the last byte is out.
 * Reads no policy and no table itself. Time is the clock's: what is waited for is looked at every half second.
 */
import { now } from '@gatehouse/runtime/clock';
import { type Ending, errorOf } from './ending.ts';
import type { Frame } from './frame.ts';

export interface Source {
  body: AsyncIterable<Buffer>;
  frame: Frame;
  stop(): void;
}

export interface Relay {
  /** Until upstream has begun. */
  frame: Frame;
  /** Silence has lasted long enough already: the first sign of life is due. */
  late: boolean;
  /** May be asked at any time, and often; answers once there is a reason to end. */
  ending(): Ending | undefined;
  /** Called once, when nothing more will come from upstream: also while the client still reads, or reads no more. */
  finish(ending: Ending | undefined): Promise<void>;
}

const lookMs = 500;
/** The client gives up on 300 s without a byte, API Gateway on five minutes. */
export const pingMs = 20_000;
/** Upstreams send pings of their own: one that sends nothing for so long is gone. */
const silentMs = 150_000;

/** @param source settles when upstream has begun; what it throws ends the answer. Never throws for JSON that cannot say its end: see `wholeFrame`. */
export async function* relay(source: Promise<Source>, { frame: first, late, ending, finish }: Relay): AsyncGenerator<Buffer> {
  let upstream: Source | undefined;
  let frame = first;
  let why: Ending | undefined;
  let done: Promise<void> | undefined;
  const over = () => {
    upstream?.stop();
    done ??= finish(why);
    return done;
  };
  // A client that reads slowly, or not at all, must not keep the money and the model waiting.
  const watch = setInterval(() => {
    why ??= ending();
    if (why) over().catch(() => {});
  }, lookMs);
  const tick = createTick(lookMs);
  try {
    let heard = now();
    let sent = late ? Number.NEGATIVE_INFINITY : now();
    const begun = yield* untilBegun();
    if (!begun) return yield* say();
    upstream = begun;
    frame = begun.frame;
    const chunks = begun.body[Symbol.asyncIterator]();
    let next: Promise<IteratorResult<Buffer>> | undefined;
    while (!why) {
      next ??= chunks.next();
      const got = await Promise.race([outcomeOf(next), tick.next()]);
      why ??= ending();
      if (got === undefined) {
        // All was said: a connection that stays open keeps nobody waiting.
        if (frame.ended()) break;
        if (now() - heard > silentMs) why = { reason: 'silent' };
        if (why || now() - sent < pingMs) continue;
        sent = now();
        const ping = frame.ping();
        if (ping.length > 0) yield ping;
        continue;
      }
      next = undefined;
      if ('failed' in got) {
        why ??= { reason: 'broken' };
        break;
      }
      if (got.value.done) {
        if (!frame.whole()) why = { reason: 'broken' };
        break;
      }
      heard = sent = now();
      const bytes = readable(got.value.value);
      if (bytes === undefined) why = { reason: 'garbage' };
      else if (bytes.length > 0) yield bytes;
    }
    yield* say();

    /** Waits for upstream's first word, with signs of life. */
    async function* untilBegun(): AsyncGenerator<Buffer, Source | undefined> {
      for (;;) {
        const got = await Promise.race([outcomeOf(source), tick.next()]);
        if (got && 'value' in got) return got.value;
        why ??= got && 'failed' in got ? endingOf(got.failed) : ending();
        if (why) return undefined;
        if (now() - sent < pingMs) continue;
        sent = now();
        const ping = frame.ping();
        if (ping.length > 0) yield ping;
      }
    }
  } finally {
    clearInterval(watch);
    tick.stop();
    await over();
  }

  async function* say(): AsyncGenerator<Buffer> {
    if (!why) {
      const last = frame.end();
      if (last.length > 0) yield last;
      return;
    }
    const bytes = frame.error(errorOf(why));
    if (bytes.length > 0) return yield bytes;
    await over();
    throw new BrokenOff(why.reason);
  }

  function readable(chunk: Buffer): Buffer | undefined {
    try {
      return frame.push(chunk);
    } catch {
      return undefined;
    }
  }
}

/** A whole document cannot say that it ends early: the connection breaks instead. */
class BrokenOff extends Error {
  override name = 'BrokenOff';
}

/** What upstream's beginning failed with, told by whoever tried it. */
export class NotBegun extends Error {
  override name = 'NotBegun';
  readonly ending: Ending;
  constructor(ending: Ending) {
    super(`Upstream did not begin: ${ending.reason}`);
    this.ending = ending;
  }
}

function endingOf(error: unknown): Ending {
  return error instanceof NotBegun ? error.ending : { reason: 'broken' };
}

type Outcome<T> = { value: T } | { failed: unknown };

const outcomes = new WeakMap<Promise<unknown>, Promise<Outcome<unknown>>>();

/** The same for the same promise, however often it is asked. */
function outcomeOf<T>(promise: Promise<T>): Promise<Outcome<T>> {
  const known = outcomes.get(promise) as Promise<Outcome<T>> | undefined;
  if (known) return known;
  const made = promise.then(
    (value) => ({ value }),
    (failed: unknown) => ({ failed }),
  );
  outcomes.set(promise, made);
  return made;
}

/** Resolves with nothing, again and again: one timer for a whole answer. */
function createTick(ms: number): { next(): Promise<undefined>; stop(): void } {
  let now = Promise.withResolvers<undefined>();
  const timer = setInterval(() => {
    now.resolve(undefined);
    now = Promise.withResolvers<undefined>();
  }, ms);
  return { next: () => now.promise, stop: () => clearInterval(timer) };
}
