/** Follows the ledger's counters by the table's stream: shares of pooled budgets, and the marks that budgets pass. Never on the path of a request. */
import { UsageConfig } from '@gatehouse/core/usage-profile';
import { type Budget, budgetId } from '@gatehouse/ledger/budget';
import { creditPool, tellCrossing } from '@gatehouse/ledger/budget.dynamo';
import { everybody, type Period, periods } from '@gatehouse/ledger/rows';
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
const place = /^(\w+)#(\d{4}-\d{2}-\d{2})$/;

export const handler = onRecords(env, async ({ keys, before, after }, { env, now }) => {
  const person = usedRow.exec(keys.pk)?.[1];
  const [, period, start] = place.exec(keys.sk) ?? [];
  if (!person || !start || !isPeriod(period) || !after) return;
  const usedMicros = Number(after.used_micros);
  const effective = await effectiveFor({ access: env.TABLE_ACCESS, policy: env.TABLE_POLICY }, person);
  if (period === 'daily')
    measure(groupRows(effective?.groups ?? [], env.CONFIG.metric_groups, usedMicros - Number(before?.used_micros ?? 0)), now);
  const company = env.CONFIG.budgets.map((one): Budget => ({ ...one, scope: 'organization' }));
  for (const budget of [...(effective?.budgets ?? []), ...company]) {
    if (budget.period !== period) continue;
    const used = await usedOf(env.TABLE_USAGE, budget, { person, period, start, usedMicros });
    if (await tellCrossing(env.TABLE_USAGE, { budget, person, start, usedMicros: used }))
      log.info('budget mark passed', { budget: budgetId(budget, person), used_micros: used, limit_micros: budget.amount_micros });
  }
});

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

function isPeriod(text: string | undefined): text is Period {
  return periods.some((period) => period === text);
}
