/** Each minute: settles, at their estimates, requests whose function died before it could. Marks each; the truth may still follow. */
import { InferenceConfig } from '@gatehouse/core/inference-profile';
import { overdueMs, settleOverdue } from '@gatehouse/ledger/reserve.dynamo';
import { now } from '@gatehouse/runtime/clock';
import { json, readEnv } from '@gatehouse/runtime/environment';
import { log } from '@gatehouse/runtime/log';
import { measure } from '@gatehouse/runtime/metric';
import * as z from 'zod';
import { tellSpend } from './tell.emf.ts';

export const env = z.object({ TABLE_USAGE: z.string().min(1), CONFIG: json(InferenceConfig) });

const workMs = 40_000;

export async function handler(): Promise<{ settled: number }> {
  const { TABLE_USAGE, CONFIG } = readEnv(env);
  const at = now();
  const overdue = await settleOverdue(TABLE_USAGE, at - overdueMs, workMs, CONFIG.price_ppm);
  for (const { hold, posted } of overdue) {
    log.warn('settled at its estimate', { hold: hold.id, person: hold.group.person, amount_micros: hold.amountMicros });
    tellSpend(posted, now());
  }
  if (overdue.length > 0) measure([{ dimensions: {}, values: { OverdueSettled: { unit: 'Count', value: overdue.length } } }], at);
  return { settled: overdue.length };
}
