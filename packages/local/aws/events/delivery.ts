/**
 * Gives matched events to targets: at least once, in the background, with EventBridge's retry policy on the stack clock. What cannot be
 * delivered goes to the dead-letter hook, never away in silence.
 */
import type { Clock, Timer } from '../../clock.ts';

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
}

export interface RetryPolicy {
  MaximumRetryAttempts?: number;
  MaximumEventAgeInSeconds?: number;
}
export interface Target {
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
/** Hands the whole event to the target; a rejection is tried again. */
export type Deliver = (delivery: Delivery) => Promise<void>;
/** Told once per delivery that was given up, with what EventBridge writes into the message attributes of a dead letter. */
export type OnDead = (
  delivery: Delivery,
  why: { attempts: number; condition: 'MaximumRetryAttempts' | 'MaximumEventAgeInSeconds'; error: Error },
) => void;

export interface Courier {
  send(delivery: Delivery): void;
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

/** `jitter` answers a number in [0, 1): delays are between half and all of their exponential step. */
export function createCourier(options: { clock: Clock; deliver: Deliver; onDead: OnDead; jitter?: () => number }): Courier {
  const { clock, deliver, onDead, jitter = Math.random } = options;
  const timers = new Set<Timer>();
  let inFlight = 0;

  async function attempt(delivery: Delivery, retries: number, began: number): Promise<void> {
    inFlight++;
    try {
      await deliver(delivery);
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      const { MaximumRetryAttempts: most = defaultAttempts, MaximumEventAgeInSeconds: age = defaultAgeSeconds } =
        delivery.target.RetryPolicy ?? {};
      const delayMs = Math.min(firstDelayMs * 2 ** retries, longestDelayMs) * (0.5 + jitter() / 2);
      if (retries >= most) onDead(delivery, { attempts: retries + 1, condition: 'MaximumRetryAttempts', error });
      else if (clock.now() + delayMs - began > age * 1000)
        onDead(delivery, { attempts: retries + 1, condition: 'MaximumEventAgeInSeconds', error });
      else {
        const timer = clock.after(delayMs, () => {
          timers.delete(timer);
          void attempt(delivery, retries + 1, began);
        });
        timers.add(timer);
      }
    } finally {
      inFlight--;
    }
  }

  return {
    send: (delivery) => void attempt(delivery, 0, clock.now()),
    inFlight: () => inFlight,
    waiting: () => timers.size,
    close() {
      for (const timer of timers) timer.cancel();
      timers.clear();
    },
  };
}
