/**
 * What is known of each alarm, and the fact that tells it, in one transaction.
 *   ALERT#<alarm>   STATE   {state, since, severity}
 * The race: two events of one alarm at once; the row's own `since` decides, and the one that comes second reads again.
 * A dump reveals which alarms went off and when.
 */
import { alertCleared } from '@gatehouse/events/alert-cleared';
import { alertRaised } from '@gatehouse/events/alert-raised';
import { Throttled } from '@gatehouse/runtime/fault';
import { publish } from '@gatehouse/runtime/publish';
import { get, transact } from '@gatehouse/runtime/table';
import * as z from 'zod';
import type { AlarmChange } from './alarm-event.ts';
import { type News, newsOf } from './alert.ts';

const Row = z.object({ state: z.enum(['raised', 'cleared']), since: z.string() });
const attempts = 3;

/** Throws Throttled, Unavailable. */
export async function settleAlert(table: string, change: AlarmChange): Promise<News> {
  const key = { pk: `ALERT#${change.alarm}`, sk: 'STATE' };
  for (let attempt = 0; attempt < attempts; attempt++) {
    const row = await get(table, key);
    const before = row && Row.parse(row);
    const news = newsOf(change, before);
    if (news.word === 'nothing') return news;
    const { state: _, ...detail } = change;
    const state = news.word === 'noted' ? news.state : news.word;
    const { held } = await transact([
      {
        Put: {
          TableName: table,
          Item: { ...key, state, since: change.since, severity: change.severity },
          ConditionExpression: before ? 'since = :before' : 'attribute_not_exists(pk)',
          ...(before && { ExpressionAttributeValues: { ':before': before.since } }),
        },
      },
      ...(news.word === 'noted' ? [] : [publish(table, news.word === 'raised' ? alertRaised : alertCleared, detail)]),
    ]);
    if (held) return news;
  }
  throw new Throttled(`The row of ${change.alarm} was written by others ${attempts} times in a row`);
}
