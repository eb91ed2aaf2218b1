/** A budget's mark passed, as a gauge: never a sum, since CloudWatch may be told twice. */
import { usedPercent } from '@gatehouse/ledger/budget';
import type { MetricRow } from '@gatehouse/runtime/metric';

export function budgetRow(crossed: { budget: string; scope: string; state: string; limit_micros: number; used_micros: number }): MetricRow {
  const { budget, scope, state, limit_micros, used_micros } = crossed;
  return {
    dimensions: { scope },
    sets: [[], ['scope']],
    values: { BudgetUsedPercent: { unit: 'Percent', value: usedPercent(limit_micros, used_micros) } },
    properties: { budget, state, limit_micros, used_micros },
  };
}
