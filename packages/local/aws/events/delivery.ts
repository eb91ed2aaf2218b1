/**
 * Gives matched events to targets: at least once, in the background, with EventBridge's retry policy on the stack clock, and across kills
 * when it has a journal. What cannot be delivered goes to the dead-letter hook, never away in silence.
 */
import { randomUUID } from 'node:crypto';
import type { Clock, Timer } from '../../clock.ts';
import { openJournal } from './journal.ts';
import type { TargetInput } from './target-input.ts';

/** The event as rules match it and targets receive it. */
export interface BusEvent {
  version: '0';
  id: string;
  'detail-type': string;
  source: string;
  account: string;
  /** RFC 3339, whole seconds. */
  time: string;
  region: string;
  resources: readonly string[];
  detail: Record<string, unknown>;
  /** Only on an event that a replay puts. */
  'replay-name'?: string;
}

export interface RetryPolicy {
  MaximumRetryAttempts?: number;
  MaximumEventAgeInSeconds?: number;
}
export interface Target extends TargetInput {
  Id: string;
  Arn: string;
  RoleArn?: string;
  RetryPolicy?: RetryPolicy;
  DeadLetterConfig?: { Arn?: string };
}

export interface Delivery {
  event: BusEvent;
  target: Target;
  ruleArn: string;
  busName: string;
}
/**
 * Hands the target what it receives of the event; a rejection is tried again. A target that only queues the event answers with the end of its work:
 * until `handled` settles, a restart delivers again.
 */
export type Deliver = (delivery: Delivery) => Promise<{ handled: Promise<unknown> } | undefined>;
/** Told once per delivery that was given up, with what EventBridge writes into the message attributes of a dead letter. */
export type OnDead = (
  delivery: Delivery,
  why: { attempts: number; condition: 'MaximumRetryAttempts' | 'MaximumEventAgeInSeconds'; error: Error },
) => void;

export interface Courier {
  /** Kept when this returns. */
  send(delivery: Delivery): void;
  /** Sends what a killed process had not delivered. */
  resume(): void;
  /** Deliveries that are being tried. One that waits for its next try is not counted: only the clock can wake it. */
  inFlight(): number;
  waiting(): number;
  close(): void;
}

/** EventBridge's defaults for a target without a retry policy. */
const defaultAttempts = 185;
const defaultAgeSeconds = 86_400;
const firstDelayMs = 1000;
const longestDelayMs = 10 * 60_000;

interface Promised {
  delivery: Delivery;
  began: number;
}

/** `jitter` answers a number in [0, 1): delays are between half and all of their exponential step. `journal` is a file. */
export function createCourier(options: {
  clock: Clock;
  deliver: Deliver;
  onDead: OnDead;
  journal?: string;
  jitter?: () => number;
}): Courier {
  const { clock, deliver, onDead, jitter = Math.random } = options;
  const journal = openJournal<Promised>(options.journal);
  const timers = new Set<Timer>();
  let inFlight = 0;

  async function attempt(id: string, promised: Promised, retries: number): Promise<void> {
    inFlight++;
    try {
      const taken = await deliver(promised.delivery);
      if (!taken) journal.done(id);
      else
        void taken.handled.then(
          () => journal.done(id),
          () => journal.done(id),
        );
    } catch (cause) {
      failed(id, promised, retries, cause instanceof Error ? cause : new Error(String(cause)));
    } finally {
      inFlight--;
    }
  }
  function failed(id: string, promised: Promised, retries: number, error: Error): void {
    const { delivery, began } = promised;
    const { MaximumRetryAttempts: most = defaultAttempts, MaximumEventAgeInSeconds: age = defaultAgeSeconds } =
      delivery.target.RetryPolicy ?? {};
    const delayMs = Math.min(firstDelayMs * 2 ** retries, longestDelayMs) * (0.5 + jitter() / 2);
    const late = clock.now() + delayMs - began > age * 1000;
    if (retries >= most || late) {
      onDead(delivery, { attempts: retries + 1, condition: retries >= most ? 'MaximumRetryAttempts' : 'MaximumEventAgeInSeconds', error });
      journal.done(id);
      return;
    }
    const timer = clock.after(delayMs, () => {
      timers.delete(timer);
      void attempt(id, promised, retries + 1);
    });
    timers.add(timer);
  }

  return {
    send(delivery) {
      const [id, promised] = [randomUUID(), { delivery, began: clock.now() }];
      journal.promise(id, promised);
      void attempt(id, promised, 0);
    },
    resume() {
      for (const [id, promised] of journal.left()) void attempt(id, promised, 0);
    },
    inFlight: () => inFlight,
    waiting: () => timers.size,
    close() {
      for (const timer of timers) timer.cancel();
      timers.clear();
      journal.close();
    },
  };
}
