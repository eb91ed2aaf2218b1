/** Each morning: asks Anthropic what it billed, where the profile says so, and makes metrics of the day that is over. Bills nobody. */
import { UsageConfig } from '@gatehouse/core/usage-profile';
import { dayOf } from '@gatehouse/ledger/entry';
import { now } from '@gatehouse/runtime/clock';
import { json, readEnv } from '@gatehouse/runtime/environment';
import { log } from '@gatehouse/runtime/log';
import { measure } from '@gatehouse/runtime/metric';
import { ask } from '@gatehouse/runtime/outside';
import { secret } from '@gatehouse/runtime/secret';
import * as z from 'zod';
import { putBilled } from './billed.dynamo.ts';
import { type BilledLine, linesOfAnthropic } from './billed.ts';
import { peopleOf } from './billed-people.records.ts';
import { knownIn } from './reconcile.dynamo.ts';
import { reconcile, totalsOf } from './reconciliation.ts';

export const env = z.object({
  TABLE_USAGE: z.string().min(1),
  TABLE_PEOPLE: z.string().min(1),
  SECRET_ANTHROPIC_REPORT_KEY_ARN: z.string(),
  CONFIG: json(UsageConfig),
});

const dayMs = 86_400_000;
/** Reports are corrected for some days. */
const askedDays = 3;
const mostPages = 50;

export async function handler(): Promise<{ day: string }> {
  const { TABLE_USAGE, TABLE_PEOPLE, SECRET_ANTHROPIC_REPORT_KEY_ARN, CONFIG } = readEnv(env);
  const at = now();
  if (CONFIG.anthropic) {
    const key = await secret(SECRET_ANTHROPIC_REPORT_KEY_ARN);
    for (let back = askedDays; back > 0; back--) {
      const lines = await reportOf(CONFIG.anthropic.url, key, dayOf(at - back * dayMs));
      await putBilled(TABLE_USAGE, await peopleOf(lines, TABLE_PEOPLE));
    }
  }
  const day = dayOf(at - dayMs);
  const totals = totalsOf(reconcile(await knownIn(TABLE_USAGE, { from: day, to: day })));
  const { coverage_percent, drift_percent, silent_people, missing_events } = totals;
  measure(
    [
      {
        dimensions: {},
        values: {
          ...(coverage_percent !== null && { CoveragePercent: { unit: 'Percent', value: coverage_percent } as const }),
          ...(drift_percent !== null && { DriftPercent: { unit: 'Percent', value: Math.abs(drift_percent) } as const }),
          SilentPeople: { unit: 'Count', value: silent_people },
          LostEvents: { unit: 'Count', value: missing_events },
        },
        properties: { day },
      },
    ],
    at,
  );
  log.info('reconciled', { day, ...totals });
  return { day };
}

/** Throws Unavailable, Throttled: the schedule tries again. */
async function reportOf(url: string, key: string, day: string): Promise<BilledLine[]> {
  const lines: BilledLine[] = [];
  let page: string | undefined;
  for (let pages = 0; pages < mostPages; pages++) {
    const query = new URLSearchParams({ starting_at: day, limit: '1000', ...(page !== undefined && { page }) });
    const answer = await ask(`${url}/v1/organizations/usage_report/claude_code?${query}`, {
      headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01' },
      timeoutMs: 10_000,
    });
    if (answer.status !== 200) {
      log.error('Anthropic does not report', { status: answer.status, day });
      return [];
    }
    const report = linesOfAnthropic(answer.json(), day);
    lines.push(...report.lines);
    page = report.next;
    if (page === undefined) break;
  }
  return lines;
}
