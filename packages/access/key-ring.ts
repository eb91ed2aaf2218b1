/**
 * Which signing key comes next, when it may sign, and when the former one may go: from the published rows and the time alone. Reads and writes nothing.
 *
 * The keys are a ring that the deployment made: they take turns, so that no function may create a key. At every instant a key that signs has been
 * published for longer than anybody keeps the key set, and a key whose tokens may live is still published.
 */
import { SigningKey } from '@gatehouse/contracts/records/signing-key';
import { accessTokenSeconds } from '@gatehouse/core/access-token';
import { skewSeconds } from '@gatehouse/core/jwt';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import * as z from 'zod';
import { keySetSeconds } from './metadata.ts';

/** How long an environment signs with the key that it read as the current one. */
export const signerKeepsSeconds = 60;

/** From publishing a key to its first signature. */
export const knownAfterSeconds = keySetSeconds + skewSeconds;
/** From the change of keys to the former one's end: its last token was signed by an environment that had not heard yet. */
export const deadAfterSeconds = signerKeepsSeconds + accessTokenSeconds + skewSeconds;

/** The record as access keeps it: with the time of its last change of state. */
export const KeyRow = SigningKey.extend({ changed_at: z.string().optional() });
export type KeyRow = z.infer<typeof KeyRow>;

/** The key that signs. Undefined before the first sign-in ever, and when the deployment has taken that key away. */
export function currentOf(rows: readonly KeyRow[], ring: readonly string[]): KeyRow | undefined {
  return rows.find(({ state, key_arn }) => state === 'current' && ring.includes(key_arn));
}

export type Refusal = { reason: 'busy'; kids: readonly string[] };

/** The key to publish: the one that a broken rotation left as `next`, else the one after the current in the ring. */
export function nextOf(rows: readonly KeyRow[], ring: readonly string[]): Result<string, Refusal> {
  const left = rows.find(({ state, key_arn }) => state === 'next' && ring.includes(key_arn));
  if (left) return ok(left.key_arn);
  const at = ring.indexOf(currentOf(rows, ring)?.key_arn ?? '');
  const candidates = ring.map((_, offset) => ring[(at + 1 + offset) % ring.length] ?? '');
  const free = candidates.find((arn) => !rows.some(({ key_arn }) => key_arn === arn));
  return free === undefined
    ? refuse({ reason: 'busy', kids: rows.filter(({ state }) => state === 'previous').map(({ kid }) => kid) })
    : ok(free);
}

/** Seconds until a row has been in its state for so long; 0 when it has. */
export function waitFor(row: KeyRow, seconds: number, nowMs: number): number {
  return Math.max(0, Math.ceil((Date.parse(row.changed_at ?? row.created_at) + seconds * 1000 - nowMs) / 1000));
}

export interface Withdrawal {
  /** Published keys that no living token bears. */
  dead: readonly KeyRow[];
  /** Until the youngest of the others is dead; 0 when there is none. */
  waitSeconds: number;
}

/** @param kid the key that signs now: what came before it is asked about, never the key itself. */
export function withdrawalOf(rows: readonly KeyRow[], kid: string, nowMs: number): Withdrawal {
  const former = rows.filter((row) => row.state === 'previous' && row.kid !== kid);
  const waits = former.map((row) => waitFor(row, deadAfterSeconds, nowMs));
  return { dead: former.filter((_, index) => waits[index] === 0), waitSeconds: Math.max(0, ...waits) };
}
