/** The one reader of the clock and of randomness. In the embedded stack `Date` itself is moved by the stack's clock. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeId } from '@gatehouse/core/ids';

/** Milliseconds since the epoch. */
export function now(): number {
  return Date.now();
}

/** RFC 3339 in UTC, milliseconds. */
export function timestamp(ms: number = now()): string {
  return new Date(ms).toISOString();
}

export function freshId(prefix: Parameters<typeof encodeId>[0]): string {
  return encodeId(prefix, randomBytes(16));
}

export function fresh(bytes: number): Uint8Array {
  return randomBytes(bytes);
}

const longestNapMs = 250;

/** Waits until the clock shows `ms` more: looks at the clock again and again, so that a moved clock ends the wait. */
export async function pause(ms: number): Promise<void> {
  const until = now() + ms;
  for (let left = ms; left > 0; left = until - now()) await delay(Math.min(left, longestNapMs));
}
