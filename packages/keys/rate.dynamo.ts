/**
 * One allowance of calls that all our functions share, for a vendor that counts the calls of a whole organization: `RATE#<vendor>` / `RATE`, `next`
 * (ms) when the next call is due; TTL a day. A call books its turn before it is made. A dump reveals when we last called.
 * The race: several functions book at once. Each adds its interval to the row, so that no two have the same turn.
 */
import { now, pause } from '@gatehouse/runtime/clock';
import { Throttled } from '@gatehouse/runtime/fault';
import { update } from '@gatehouse/runtime/table';
import * as z from 'zod';

const Row = z.object({ next: z.number() });
/** Calls that may be made at once after a silence. They count within the minute. */
const burst = 10;
/** Longer is the machine's to wait, not a function's. */
const longestWaitMs = 5_000;
const keepSeconds = 86_400;
const maxRaces = 5;

/**
 * Waits for this call's turn. Never more than `perMinute` within any minute.
 * @throws Throttled when its turn would be too far off; then nothing is booked.
 */
export async function takeTurn(table: string, vendor: string, perMinute: number): Promise<void> {
  const key = { pk: `RATE#${vendor}`, sk: 'RATE' };
  const intervalMs = Math.ceil(60_000 / (perMinute - burst));
  for (let race = 1; race <= maxRaces; race++) {
    const at = now();
    const earliest = at - (burst - 1) * intervalMs;
    const values = { ':earliest': earliest, ':expires': Math.floor(at / 1000) + keepSeconds };
    const queued = await update(table, key, {
      UpdateExpression: 'SET #next = #next + :interval, expires_at = :expires',
      ConditionExpression: '#next BETWEEN :earliest AND :latest',
      ExpressionAttributeNames: { '#next': 'next' },
      ExpressionAttributeValues: { ...values, ':interval': intervalMs, ':latest': at + longestWaitMs },
    });
    if (queued.held) return pause(Math.max(0, Row.parse(queued.item).next - intervalMs - at));
    if (queued.item && Row.parse(queued.item).next > at + longestWaitMs)
      throw new Throttled(`Our calls of ${vendor} are used up for now: the next try goes on`);
    const first = await update(table, key, {
      UpdateExpression: 'SET #next = :next, expires_at = :expires',
      ConditionExpression: 'attribute_not_exists(pk) OR #next < :earliest',
      ExpressionAttributeNames: { '#next': 'next' },
      ExpressionAttributeValues: { ...values, ':next': earliest + intervalMs },
    });
    if (first.held) return;
  }
  throw new Throttled(`Our calls of ${vendor} were booked by others five times in a row`);
}
