/** Each minute: settles, at their estimates, requests whose function died before it could. Marks each; the truth may still follow. */
import { overdueMs, settleOverdue } from '@gatehouse/ledger/reserve.dynamo';
import { now } from '@gatehouse/runtime/clock';
import { readEnv } from '@gatehouse/runtime/environment';
import { log } from '@gatehouse/runtime/log';
import { measure } from '@gatehouse/runtime/metric';
import * as z from 'zod';
import { tellSpend } from './tell.emf.ts';

export const env = z.object({ TABLE_USAGE: z.string().min(1) });

const workMs = 40_000;

export async function handler(): Promise<{ settled: number }> {
  const { TABLE_USAGE } = readEnv(env);
  const at = now();
  const overdue = await settleOverdue(TABLE_USAGE, at - overdueMs, workMs);
  for (const { hold, posted } of overdue) {
    log.warn('settled at its estimate', { hold: hold.id, person: hold.group.person, amount_micros: hold.amountMicros });
    tellSpend(posted, now());
  }
  if (overdue.length > 0) measure([{ dimensions: {}, values: { OverdueSettled: { unit: 'Count', value: overdue.length } } }], at);
  return { settled: overdue.length };
}
