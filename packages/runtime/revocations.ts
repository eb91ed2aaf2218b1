/**
 * The revocation log as one environment sees it: read whole when cold, then followed by `seq`, when older than 2 s at the start of a call.
 * Older than 30 s and unreadable: the state is unknown, and the caller is refused for now.
 */
import { Revocation, revocation, revocationShards } from '@gatehouse/contracts/records/revocation';
import type { AdmissionRefusal } from '@gatehouse/contracts/refusal';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import { query } from './table.ts';

const freshMs = 2_000;
const staleMs = 30_000;
/** Writers stamp `seq` with their own clocks: reading again from a little earlier catches a late one. */
const overlapMs = 10_000;

export interface Revoked {
  /** Person -> the lowest epoch that still lives. */
  epochs: Map<string, number>;
  sessions: Set<string>;
}

const revoked: Revoked = { epochs: new Map(), sessions: new Set() };
const cursors: string[] = Array.from({ length: revocationShards }, () => '');
let readAt = Number.NEGATIVE_INFINITY;
let reading: Promise<void> | undefined;

export async function revokedSince(nowMs: number): Promise<Result<Revoked, AdmissionRefusal>> {
  if (nowMs - readAt < freshMs) return ok(revoked);
  try {
    reading ??= follow(nowMs).finally(() => {
      reading = undefined;
    });
    await reading;
  } catch (error) {
    const age = nowMs - readAt;
    if (age > staleMs)
      return refuse({ reason: 'state_unknown', detail: `revocation list unreadable: ${error instanceof Error ? error.name : 'unknown'}` });
  }
  return ok(revoked);
}

async function follow(nowMs: number): Promise<void> {
  const table = process.env.TABLE_ACCESS ?? '';
  await Promise.all(
    cursors.map(async (from, shard) => {
      const rows = await query(table, revocation.key(shard, '').pk, from ? { from } : {});
      for (const row of rows.map((one) => Revocation.parse(one))) {
        if (row.epoch !== undefined) revoked.epochs.set(row.person, Math.max(row.epoch, revoked.epochs.get(row.person) ?? 0));
        if (row.session !== undefined) revoked.sessions.add(row.session);
      }
      cursors[shard] = sequence(nowMs - overlapMs);
    }),
  );
  readAt = nowMs;
}

/** `seq` begins with microseconds since the epoch in 16 digits, so that it sorts by time. */
export function sequence(ms: number): string {
  return String(Math.max(0, Math.trunc(ms * 1000))).padStart(16, '0');
}
