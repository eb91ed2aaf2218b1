/** A person's budgets as answers show them: for our own API, and in the shape that Claude Code draws its bars from. Pure. */
import { type Budget, markPassed, usedPercent } from '@gatehouse/ledger/budget';
import { type Period, periodEnd } from '@gatehouse/ledger/rows';

/** A budget and what is used of it in its current period. */
export interface Standing {
  budget: Budget;
  /** First day of the period. */
  start: string;
  usedMicros: number;
}

export function limitsOf(standings: readonly Standing[]) {
  return standings.map(({ budget, start, usedMicros }) => ({
    scope: budget.scope,
    ...(budget.group !== undefined && { group: budget.group }),
    period: budget.period,
    amount_micros: budget.amount_micros,
    used_micros: usedMicros,
    resets_at: resetsAt(budget.period, start),
  }));
}

function resetsAt(period: Period, start: string): string {
  return `${periodEnd(period, start)}T00:00:00.000Z`;
}

/** `GET /api/oauth/usage` of the gateway protocol: cents and whole percents; null where there is no limit. @param used the person's own, by period. */
export function spendBars(standings: readonly Standing[], used: Readonly<Record<Period, number>>) {
  const bar = (period: Period) => {
    const own = tightest(standings.filter(({ budget }) => budget.period === period));
    const micros = own?.usedMicros ?? used[period];
    return {
      limit: own ? cents(own.budget.amount_micros) : null,
      used_credits: cents(micros),
      utilization: own ? usedPercent(own.budget.amount_micros, micros) : null,
    };
  };
  const { limit, ...monthly } = bar('monthly');
  return {
    extra_usage: { is_enabled: true, monthly_limit: limit, ...monthly, currency: 'USD', daily: bar('daily'), weekly: bar('weekly') },
    limits: standings.map(({ budget, start, usedMicros }) => ({
      kind: 'spend',
      group: budget.period,
      percent: usedPercent(budget.amount_micros, usedMicros),
      resets_at: resetsAt(budget.period, start),
      severity: severity(budget, usedMicros),
      is_active: true,
    })),
  };
}

/** Of a person's own and a shared limit, the one that is nearer to its end. */
function tightest(standings: readonly Standing[]): Standing | undefined {
  let found: Standing | undefined;
  for (const one of standings)
    if (!found || usedPercent(one.budget.amount_micros, one.usedMicros) > usedPercent(found.budget.amount_micros, found.usedMicros))
      found = one;
  return found;
}

function severity(budget: Budget, usedMicros: number): 'normal' | 'warning' | 'critical' {
  const mark = markPassed(budget, usedMicros);
  if (mark === undefined) return 'normal';
  return mark >= 100 ? 'critical' : 'warning';
}

function cents(micros: number): number {
  return Math.round(micros / 10_000);
}
