/**
 * Shared counters of budgets and the marks they passed. Both converge from the table's own stream, off the path of ingestion.
 * The race: two records of different members credit one pool at once; each is a transaction on its own member row, and the total is an ADD.
 * Idempotent: a member's share is set to what the person used, so that a record seen twice adds nothing; a mark is told of once by condition.
 */
import { budgetCrossed } from '@gatehouse/events/budget-crossed';
import { now } from '@gatehouse/runtime/clock';
import { Throttled } from '@gatehouse/runtime/fault';
import { publish } from '@gatehouse/runtime/publish';
import { get, getMany, transact } from '@gatehouse/runtime/table';
import { type Budget, budgetId, markPassed } from './budget.ts';
import { budgetKey, entrySeconds, type Period, poolPk, usedPk, usedSk } from './rows.ts';
import { monthsOf, usedIn } from './used.ts';

/** Micro-dollars that a person used of a period, eventually consistent by a second at most. */
export async function usedBy(table: string, person: string, period: Period, start: string): Promise<number> {
  const rows = await getMany(monthsOf(period, start).map((month) => ({ table, key: { pk: usedPk(person), sk: month } })));
  return usedIn(rows, period, start);
}

async function usedByPool(table: string, group: string, period: Period, start: string): Promise<number> {
  const row = await get(table, { pk: poolPk(group), sk: usedSk(period, start) });
  return Number(row?.used_micros ?? 0);
}

const attempts = 5;

/** Sets a member's share of a group's counter and answers the group's new total. Throws Throttled. */
export async function creditPool(
  table: string,
  share: { group: string; person: string; period: Period; start: string; usedMicros: number },
): Promise<number> {
  const { group, person, period, start, usedMicros } = share;
  const total = { pk: poolPk(group), sk: usedSk(period, start) };
  const member = { pk: total.pk, sk: `${total.sk}#${person}` };
  for (let attempt = 0; attempt < attempts; attempt++) {
    const before = await get(table, member);
    const known = Number(before?.used_micros ?? 0);
    if (known === usedMicros && before) break;
    const answer = await transact([
      {
        Update: {
          TableName: table,
          Key: member,
          UpdateExpression: 'SET used_micros = :used, expires_at = :expires',
          ConditionExpression: before ? 'used_micros = :known' : 'attribute_not_exists(pk)',
          ExpressionAttributeValues: {
            ':used': usedMicros,
            ':expires': Math.floor(now() / 1000) + entrySeconds,
            ...(before && { ':known': known }),
          },
        },
      },
      {
        Update: {
          TableName: table,
          Key: total,
          UpdateExpression: 'ADD used_micros :grown',
          ExpressionAttributeValues: { ':grown': usedMicros - known },
        },
      },
    ]);
    if (answer.held) break;
    if (attempt === attempts - 1) throw new Throttled(`The pool of ${group} was written by others ${attempts} times in a row`);
  }
  return usedByPool(table, group, period, start);
}

/** Tells of the highest mark passed, once a period and limit. True when it was told now. */
export async function tellCrossing(
  table: string,
  crossing: { budget: Budget; person: string; start: string; usedMicros: number },
): Promise<boolean> {
  const { budget, person, start, usedMicros } = crossing;
  const mark = markPassed(budget, usedMicros);
  if (mark === undefined) return false;
  const id = budgetId(budget, person);
  const { held } = await transact([
    {
      Update: {
        TableName: table,
        Key: budgetKey(id, start, budget.amount_micros),
        UpdateExpression: 'SET told_percent = :mark, expires_at = :expires',
        ConditionExpression: 'attribute_not_exists(told_percent) OR told_percent < :mark',
        ExpressionAttributeValues: { ':mark': mark, ':expires': Math.floor(now() / 1000) + entrySeconds },
      },
    },
    publish(table, budgetCrossed, {
      ...(budget.scope === 'person' && { person }),
      budget: id,
      scope: budget.scope,
      period: budget.period,
      period_start: start,
      state: mark >= 100 ? 'exceeded' : 'warned',
      limit_micros: budget.amount_micros,
      used_micros: usedMicros,
    }),
  ]);
  return held;
}
