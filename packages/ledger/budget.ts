/** Which mark of a budget has been passed. Pure: it neither reads what was used nor tells anybody. */
import type { Period } from './rows.ts';

/** As the policy writes it, in the person's effective policy. */
export interface Budget {
  period: Period;
  amount_micros: number;
  scope: 'person' | 'group' | 'organization';
  group?: string | undefined;
  warn_percent?: readonly number[] | undefined;
}

/** Told before the wall where the budget says nothing itself. */
const usualMarks: readonly number[] = [75, 90, 95];

/** `person:per_1:monthly`, `group:engineering:daily`, `organization:monthly`. */
export function budgetId(budget: Budget, person: string): string {
  if (budget.scope === 'organization') return `organization:${budget.period}`;
  return budget.scope === 'group' ? `group:${budget.group ?? ''}:${budget.period}` : `person:${person}:${budget.period}`;
}

/** Percent used, rounded down; 100 and more is over. A budget of nothing is over with the first micro-dollar. */
export function usedPercent(limitMicros: number, usedMicros: number): number {
  if (usedMicros <= 0) return 0;
  return limitMicros === 0 ? 100 : Math.floor((usedMicros * 100) / limitMicros);
}

/** The highest mark passed, 100 being the wall itself; undefined when none is. */
export function markPassed(budget: Budget, usedMicros: number): number | undefined {
  const percent = usedPercent(budget.amount_micros, usedMicros);
  const passed = [...(budget.warn_percent ?? usualMarks), 100].filter((mark) => percent >= mark);
  return passed.length > 0 ? Math.max(...passed) : undefined;
}
