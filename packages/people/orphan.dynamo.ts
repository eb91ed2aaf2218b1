/**
 * Orphans in DynamoDB. The race: a look and an admin's decision write one row. Each sets its own members only, and a look never takes a decision away.
 */
import { createHash } from 'node:crypto';
import { Orphan, orphan } from '@gatehouse/contracts/records/orphan';
import type { Holder } from '@gatehouse/contracts/steps/orphans';
import { encodeId } from '@gatehouse/core/ids';
import { orphanFound } from '@gatehouse/events/orphan-found';
import { timestamp } from '@gatehouse/runtime/clock';
import { publish } from '@gatehouse/runtime/publish';
import { get, query, remove, transact, update } from '@gatehouse/runtime/table';

const keepSeconds = 30 * 86_400;
const pageSize = 500;

function digest(...parts: string[]): Buffer {
  return createHash('sha256').update(JSON.stringify(parts)).digest().subarray(0, 16);
}

function orphanId({ system, kind, ref }: Pick<Holder, 'system' | 'kind' | 'ref'>): string {
  return encodeId('orp', digest(system, kind, ref));
}

export async function everyOrphan(table: string): Promise<Orphan[]> {
  const all: Orphan[] = [];
  for (let from = ' '; ; ) {
    const rows = await orphansFrom(table, from, pageSize);
    all.push(...rows);
    const last = rows.at(-1);
    if (!last || rows.length < pageSize) return all;
    from = last.id;
  }
}

/** @param from an id, itself not among them. */
export async function orphansFrom(table: string, from: string, limit: number): Promise<Orphan[]> {
  return (await query(table, orphan.key('').pk, { from, limit })).map((row) => Orphan.parse(row));
}

export async function readOrphan(table: string, id: string): Promise<Orphan | undefined> {
  const row = await get(table, orphan.key(id));
  return row && Orphan.parse(row);
}

/** Writes down that a look has seen it. @returns the row. */
export async function see(table: string, { system, kind, ref, names }: Holder, reason: Orphan['reason'], now: number): Promise<Orphan> {
  const id = orphanId({ system, kind, ref });
  const values = { id, system, kind, ref, reason, names, last_seen_at: timestamp(now), expires_at: Math.floor(now / 1000) + keepSeconds };
  const members = Object.entries(values);
  const { item } = await update(table, orphan.key(id), {
    UpdateExpression: `SET ${members.map((_, at) => `#${at} = :${at}`).join(', ')}, first_seen_at = if_not_exists(first_seen_at, :now) REMOVE blocked_at`,
    ExpressionAttributeNames: Object.fromEntries(members.map(([name], at) => [`#${at}`, name])),
    ExpressionAttributeValues: { ...Object.fromEntries(members.map(([, value], at) => [`:${at}`, value])), ':now': timestamp(now) },
  });
  return Orphan.parse(item);
}

/** Tells once of it. */
export async function tellOrphan(table: string, { id, system, kind, reason, first_seen_at: since }: Orphan, now: number): Promise<void> {
  const event = encodeId('evt', digest('orphan-found', id, since));
  await transact([
    publish(table, orphanFound, { id: event, orphan: id, system, kind, reason }),
    {
      Update: {
        TableName: table,
        Key: orphan.key(id),
        UpdateExpression: 'SET told_at = :now',
        ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(told_at)',
        ExpressionAttributeValues: { ':now': timestamp(now) },
      },
    },
  ]);
}

export async function markBlocked(table: string, id: string, now: number): Promise<void> {
  await set(table, id, { blocked_at: timestamp(now) });
}

/** False: there is no such orphan. */
export function decide(table: string, id: string, decision: 'block' | 'keep', by: string, reason: string): Promise<boolean> {
  return set(table, id, { decision, decided_by: by, decision_reason: reason });
}

async function set(table: string, id: string, values: Readonly<Record<string, string>>): Promise<boolean> {
  const members = Object.entries(values);
  const { held } = await update(table, orphan.key(id), {
    UpdateExpression: `SET ${members.map((_, at) => `#${at} = :${at}`).join(', ')}`,
    ConditionExpression: 'attribute_exists(pk)',
    ExpressionAttributeNames: Object.fromEntries(members.map(([name], at) => [`#${at}`, name])),
    ExpressionAttributeValues: Object.fromEntries(members.map(([, value], at) => [`:${at}`, value])),
  });
  return held;
}

export async function forget(table: string, id: string): Promise<void> {
  await remove(table, orphan.key(id));
}
