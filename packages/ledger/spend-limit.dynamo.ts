/**
 * Spend limits set by hand: what binds, the list that administrators see, and who changed what, in one transaction.
 *   LIMITS          SHARED, <per_>   what `limitsOf` reads: amounts by period, for everybody and groups, or for one person
 *   LIMIT#<spl_>    LIMIT            a limit as it was set; gsi1 LIMITS / <created>#<spl_>
 *   LIMIT-AUDIT     <time>#<spl_>    who changed it, from what to what; TTL 365 days
 * The race: two administrators change limits at once; the second's write fails on the version it read, and is made again from what it finds.
 */

import { hash } from 'node:crypto';
import { now, timestamp } from '@gatehouse/runtime/clock';
import { Throttled } from '@gatehouse/runtime/fault';
import { get, type Item, query, transact, type Write } from '@gatehouse/runtime/table';
import { ownLimitsKey, sharedLimitsKey } from './reserve.ts';
import type { Period } from './rows.ts';
import type { Amounts, LimitChange, LimitScope, SharedLimits, StoredLimit } from './spend-limit.ts';

/** One limit for a scope and a period: the same again is the same limit. */
function limitId(scope: LimitScope, period: Period): string {
  return `spl_${hash('sha256', JSON.stringify([scope, period])).slice(0, 32)}`;
}

const listPk = 'LIMITS';
const auditPk = 'LIMIT-AUDIT';
const auditSeconds = 365 * 86_400;
const limitKey = (id: string) => ({ pk: `LIMIT#${id}`, sk: 'LIMIT' });
const attempts = 4;

/** @param amountMicros undefined takes the limit away. Answers the limit as it is then, and as it was. */
export async function changeLimit(
  table: string,
  wanted: { scope: LimitScope; period: Period; amountMicros: number | null | undefined; actor: string; reason: string | null },
): Promise<{ before: StoredLimit | undefined; after: StoredLimit | undefined }> {
  const { scope, period, amountMicros, actor, reason } = wanted;
  const id = limitId(scope, period);
  for (let attempt = 0; attempt < attempts; attempt++) {
    const at = timestamp();
    // The version before what it guards.
    const bindingRow = await get(table, bindingKey(scope));
    const known = await get(table, limitKey(id));
    const before = known && limitOf(known);
    const after =
      amountMicros === undefined
        ? undefined
        : { id, scope, period, amount_micros: amountMicros, created_at: before?.created_at ?? at, updated_at: at };
    if (!before && !after) return { before, after };
    const change: LimitChange = {
      id: `${at}#${id}`,
      at,
      actor,
      action: after ? 'spend_limit.upsert' : 'spend_limit.delete',
      target: id,
      before: before ?? null,
      after: after ?? null,
      reason,
    };
    const { held } = await transact([
      bindingWrite(table, scope, period, amountMicros, bindingRow),
      after
        ? { Put: { TableName: table, Item: { ...limitKey(id), ...after, gsi1pk: listPk, gsi1sk: `${after.created_at}#${id}` } } }
        : { Delete: { TableName: table, Key: limitKey(id) } },
      { Put: { TableName: table, Item: { pk: auditPk, sk: change.id, ...change, expires_at: Math.floor(now() / 1000) + auditSeconds } } },
    ]);
    if (held) return { before, after };
  }
  throw new Throttled('Spend limits were changed by others several times in a row');
}

function bindingKey(scope: LimitScope) {
  return scope.type === 'user' ? ownLimitsKey(scope.user_id) : sharedLimitsKey;
}

function bindingWrite(table: string, scope: LimitScope, period: Period, amount: number | null | undefined, row: Item | undefined): Write {
  const version = Number(row?.version ?? 0);
  return {
    Put: {
      TableName: table,
      Item: { ...bindingKey(scope), ...bound(scope, period, amount, row), version: version + 1 },
      ConditionExpression: row ? 'version = :version' : 'attribute_not_exists(pk)',
      ...(row && { ExpressionAttributeValues: { ':version': version } }),
    },
  };
}

/** Only this file writes these rows. */
function bound(scope: LimitScope, period: Period, amount: number | null | undefined, row: Item | undefined): Record<string, unknown> {
  if (scope.type === 'user') return { amounts: changed((row?.amounts ?? {}) as Amounts, period, amount) };
  const { organization = {}, groups = {} } = (row ?? {}) as Partial<SharedLimits>;
  if (scope.type === 'organization') return { organization: changed(organization, period, amount), groups };
  const { rbac_group_id: group } = scope;
  return { organization, groups: { ...groups, [group]: changed(groups[group] ?? {}, period, amount) } };
}

function changed(amounts: Amounts, period: Period, amount: number | null | undefined): Amounts {
  const { [period]: _, ...rest } = amounts;
  return amount === undefined ? rest : { ...rest, [period]: amount };
}

export async function limitById(table: string, id: string): Promise<StoredLimit | undefined> {
  const row = await get(table, limitKey(id));
  return row && limitOf(row);
}

/** Oldest first. */
export async function listLimits(table: string): Promise<StoredLimit[]> {
  return (await query(table, listPk, { index: 'gsi1' })).map(limitOf);
}

/** Newest first. */
export async function listChanges(table: string, limit: number): Promise<LimitChange[]> {
  const rows = await query(table, auditPk, { descending: true, limit });
  return rows.map(
    ({ id, at, actor, action, target, before, after, reason }) => ({ id, at, actor, action, target, before, after, reason }) as LimitChange,
  );
}

function limitOf({ id, scope, period, amount_micros, created_at, updated_at }: Item): StoredLimit {
  return { id, scope, period, amount_micros, created_at, updated_at } as StoredLimit;
}
