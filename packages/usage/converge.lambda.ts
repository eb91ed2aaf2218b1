/** Follows the ledger's counters by the table's stream: shares of pooled budgets, and the marks that budgets pass. Never on the path of a request. */
import { UsageConfig } from '@gatehouse/core/usage-profile';
import { type Budget, budgetId } from '@gatehouse/ledger/budget';
import { creditPool, tellCrossing, usedBy } from '@gatehouse/ledger/budget.dynamo';
import { everybody, type Period, periodStart } from '@gatehouse/ledger/rows';
import { changedDays, monthsOf, type UsedRow, usedIn } from '@gatehouse/ledger/used';
import { json } from '@gatehouse/runtime/environment';
import { log } from '@gatehouse/runtime/log';
import { type MetricRow, measure } from '@gatehouse/runtime/metric';
import { onRecords } from '@gatehouse/runtime/stream';
import * as z from 'zod';
import { effectiveFor } from './policy.records.ts';

export const env = z.object({
  TABLE_USAGE: z.string().min(1),
  TABLE_ACCESS: z.string().min(1),
  TABLE_POLICY: z.string().min(1),
  CONFIG: json(UsageConfig),
});

const usedRow = /^USED#(per_\w+)$/;

export const handler = onRecords(env, async ({ keys, before, after }, { env, now }) => {
  const person = usedRow.exec(keys.pk)?.[1];
  if (!person || !after) return;
  const changed = changedDays(before, after);
  if (changed.length === 0) return;
  const effective = await effectiveFor({ access: env.TABLE_ACCESS, policy: env.TABLE_POLICY }, person);
  const spent = changed.reduce((sum, { micros }) => sum + micros, 0);
  measure(groupRows(effective?.groups ?? [], env.CONFIG.metric_groups, spent), now);
  const company = env.CONFIG.budgets.map((one): Budget => ({ ...one, scope: 'organization' }));
  for (const budget of [...(effective?.budgets ?? []), ...company]) {
    const { period } = budget;
    for (const start of new Set(changed.map(({ day }) => periodStart(period, day)))) {
      const usedMicros = await usedSo(env.TABLE_USAGE, { person, period, start, row: after });
      const used = await usedOf(env.TABLE_USAGE, budget, { person, period, start, usedMicros });
      if (await tellCrossing(env.TABLE_USAGE, { budget, person, start, usedMicros: used }))
        log.info('budget mark passed', { budget: budgetId(budget, person), used_micros: used, limit_micros: budget.amount_micros });
    }
  }
});

/** The row of the month says it all, but for a week that another month has days of. */
async function usedSo(table: string, of: { person: string; period: Period; start: string; row: UsedRow }): Promise<number> {
  const { person, period, start, row } = of;
  return monthsOf(period, start).length === 1 ? usedIn([row], period, start) : usedBy(table, person, period, start);
}

function usedOf(
  table: string,
  budget: Budget,
  of: { person: string; period: Period; start: string; usedMicros: number },
): Promise<number> | number {
  if (budget.scope === 'organization') return creditPool(table, { ...of, group: everybody });
  return budget.scope === 'group' && budget.group !== undefined ? creditPool(table, { ...of, group: budget.group }) : of.usedMicros;
}

/** Groups that the profile names, and one row for all others: a directory may have thousands. */
function groupRows(groups: readonly string[], shown: readonly string[], micros: number): MetricRow[] {
  if (micros === 0) return [];
  const named = groups.filter((group) => shown.includes(group));
  return (named.length > 0 ? named : ['(others)']).map((group) => ({
    dimensions: { group },
    values: { GroupSpendMicros: { unit: 'None', value: micros } },
  }));
}
