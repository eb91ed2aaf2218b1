/** Each morning: asks Anthropic what it billed, where the profile says so, and makes metrics of the day that is over. Bills nobody. */
import { UsageConfig } from '@gatehouse/core/usage-profile';
import { dayOf } from '@gatehouse/ledger/entry';
import { now } from '@gatehouse/runtime/clock';
import { json, readEnv } from '@gatehouse/runtime/environment';
import { log } from '@gatehouse/runtime/log';
import { measure } from '@gatehouse/runtime/metric';
import { secret } from '@gatehouse/runtime/secret';
import * as z from 'zod';
import { anthropicLines } from './anthropic-report.http.ts';
import { putBilled } from './billed.dynamo.ts';
import { peopleOf } from './billed-people.records.ts';
import { knownIn } from './reconcile.dynamo.ts';
import { reconcile, totalsOf } from './reconciliation.ts';
import { reconciledRow } from './reconciliation-metrics.emf.ts';

export const env = z.object({
  TABLE_USAGE: z.string().min(1),
  TABLE_PEOPLE: z.string().min(1),
  SECRET_ANTHROPIC_REPORT_KEY_ARN: z.string(),
  CONFIG: json(UsageConfig),
});

const dayMs = 86_400_000;
/** Reports are corrected for some days. */
const askedDays = 3;

export async function handler(): Promise<{ day: string }> {
  const given = readEnv(env);
  const at = now();
  // The day's metrics do not wait for a vendor who is away; the schedule asks again.
  const trouble = await askAnthropic(given, at).catch((error: unknown) => ({ error }));
  const day = await measureDay(given.TABLE_USAGE, at);
  if (trouble) throw trouble.error;
  return { day };
}

/** Throws Unavailable, Throttled, Misconfigured. */
async function askAnthropic({ CONFIG, ...given }: z.infer<typeof env>, at: number): Promise<void> {
  if (!CONFIG.anthropic) return;
  const key = await secret(given.SECRET_ANTHROPIC_REPORT_KEY_ARN);
  for (let back = askedDays; back > 0; back--) {
    const lines = await anthropicLines(CONFIG.anthropic.url, key, dayOf(at - back * dayMs));
    await putBilled(given.TABLE_USAGE, await peopleOf(lines, given.TABLE_PEOPLE));
  }
}

async function measureDay(table: string, at: number): Promise<string> {
  const day = dayOf(at - dayMs);
  const totals = totalsOf(reconcile((await knownIn(table, { from: day, to: day })).people));
  measure([reconciledRow(day, totals)], at);
  log.info('reconciled', { day, ...totals });
  return day;
}
