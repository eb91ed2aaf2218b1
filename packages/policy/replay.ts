/**
 * Replays what people used against a draft: which calls it would have refused, which dollars, and whose budgets would have run out.
 * Judges by days, as the ledger counts: it knows no single call. Reads no ledger itself.
 */
import { type Period, periodStart } from '@gatehouse/ledger/rows';
import { type Budget, budgetKey, type RouteName } from '@gatehouse/rules/document';
import { mayUse } from '@gatehouse/rules/models';
import type { Effective } from '@gatehouse/rules/resolve';

/** A day's use of one model by one route. */
export interface Used {
  person: string;
  /** `2026-11-22`, UTC. */
  day: string;
  model: string;
  /** As the ledger spells it: anthropic, gateway, bedrock, ... */
  route: string;
  amount_micros: number;
  requests: number;
}

/** What holds for one person in force, and under the draft. */
export interface Both {
  before: Effective;
  after: Effective;
}

export interface Sum {
  requests: number;
  amount_micros: number;
}

export type Because = 'not_admitted' | 'model' | 'route';

export interface RefusedUse extends Sum {
  person: string;
  model: string;
  route: string;
  because: Because;
}

export interface Overrun {
  scope: 'person' | 'group';
  /** A person's id or a group's name. */
  whose: string;
  period: Period;
  /** First day. */
  start: string;
  limit_micros: number;
  used_micros: number;
  over_micros: number;
}

export interface Replayed {
  seen: Sum;
  /** What the draft refuses and the policy in force does not, costliest first. */
  refused: RefusedUse[];
  refused_in_all: Sum;
  /** What the policy in force would refuse as well: it was used under an earlier one. */
  refused_already: Sum;
  /** Use by people of whom there is no record, or who left. */
  not_judged: Sum;
  /** Budgets of the draft that what it allows would have run over, the largest excess first. */
  overruns: Overrun[];
  /** Dollars over budgets under the draft, less those over the budgets in force. */
  over_budget_micros: number;
}

/** Which of the policy's routes a route of the ledger is; undefined where it cannot be told. */
const routeNames: Readonly<Record<string, RouteName>> = { anthropic: 'enterprise', gateway: 'governed' };

function refusalOf(effective: Effective, { model, route }: Used): Because | undefined {
  if (!effective.admitted) return 'not_admitted';
  if (!mayUse(effective.models, model).allowed) return 'model';
  const name = Object.hasOwn(routeNames, route) ? routeNames[route] : undefined;
  return name && !effective.routes.allow.includes(name) ? 'route' : undefined;
}

/** Takes use row by row, in any order, and adds up. Its state is what it was told so far. */
export function createReplay(bothOf: (person: string) => Both | undefined): { take(used: Used): void; result(): Replayed } {
  const [seen, already, notJudged, all] = [nothing(), nothing(), nothing(), nothing()];
  const refused = new Map<string, RefusedUse>();
  const spentBefore = new Map<string, Overrun>();
  const spentAfter = new Map<string, Overrun>();
  const verdicts = new Map<string, { was: Because | undefined; is: Because | undefined }>();

  function verdictOf(both: Both, used: Used) {
    const key = JSON.stringify([used.person, used.model, used.route]);
    const known = verdicts.get(key) ?? { was: refusalOf(both.before, used), is: refusalOf(both.after, used) };
    verdicts.set(key, known);
    return { key, ...known };
  }

  return {
    take(used) {
      add(seen, used);
      const both = bothOf(used.person);
      if (!both) return add(notJudged, used);
      const { key, was, is } = verdictOf(both, used);
      if (!was) charge(spentBefore, both.before.budgets, used);
      if (!is) return charge(spentAfter, both.after.budgets, used);
      if (was) return add(already, used);
      add(all, used);
      const { person, model, route } = used;
      const row = refused.get(key) ?? { person, model, route, because: is, ...nothing() };
      add(row, used);
      refused.set(key, row);
    },
    result() {
      const overruns = over(spentAfter);
      const excess = (rows: readonly Overrun[]) => rows.reduce((sum, { over_micros }) => sum + over_micros, 0);
      return {
        seen,
        refused: [...refused.values()].sort((a, b) => b.amount_micros - a.amount_micros || b.requests - a.requests),
        refused_in_all: all,
        refused_already: already,
        not_judged: notJudged,
        overruns,
        over_budget_micros: excess(overruns) - excess(over(spentBefore)),
      };
    },
  };
}

function charge(spent: Map<string, Overrun>, budgets: readonly Budget[], { person, day, amount_micros }: Used): void {
  for (const budget of budgets) {
    const start = periodStart(budget.period, day);
    const whose = budget.scope === 'group' ? (budget.group ?? '') : person;
    const key = JSON.stringify([budgetKey(budget), whose, start]);
    const row = spent.get(key) ?? {
      scope: budget.scope,
      whose,
      period: budget.period,
      start,
      limit_micros: budget.amount_micros,
      used_micros: 0,
      over_micros: 0,
    };
    // Layers may give members of one group different amounts for its pot: the smallest is what blocks first.
    row.limit_micros = Math.min(row.limit_micros, budget.amount_micros);
    row.used_micros += amount_micros;
    row.over_micros = Math.max(0, row.used_micros - row.limit_micros);
    spent.set(key, row);
  }
}

function over(spent: ReadonlyMap<string, Overrun>): Overrun[] {
  return [...spent.values()].filter(({ over_micros }) => over_micros > 0).sort((a, b) => b.over_micros - a.over_micros);
}

function nothing(): Sum {
  return { requests: 0, amount_micros: 0 };
}

function add(sum: Sum, { requests, amount_micros }: Sum): void {
  sum.requests += requests;
  sum.amount_micros += amount_micros;
}
