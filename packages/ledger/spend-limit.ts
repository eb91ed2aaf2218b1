/** Spend limits that an administrator set by hand, beside the policy's budgets, and which of all binds a person. Pure: reads no table, no clock. */
import { type Budget, usedPercent } from './budget.ts';
import { type Period, periodStart, periods } from './rows.ts';

/** Micro-dollars for each seat; null lifts every limit for the period. */
export type Amounts = { [P in Period]?: number | null | undefined };

/** What is set for everybody and for groups: one row. */
export interface SharedLimits {
  organization: Amounts;
  groups: Readonly<Record<string, Amounts>>;
}

export interface SpendLimits {
  own: Amounts;
  shared: SharedLimits;
}

/** Whom a limit is for, as the admin API spells it. */
export type LimitScope = { type: 'user'; user_id: string } | { type: 'rbac_group'; rbac_group_id: string } | { type: 'organization' };

export interface StoredLimit {
  id: string;
  scope: LimitScope;
  period: Period;
  /** Null lifts every limit of the period; for one person only. */
  amount_micros: number | null;
  created_at: string;
  updated_at: string;
}

export interface LimitChange {
  id: string;
  at: string;
  actor: string;
  action: 'spend_limit.upsert' | 'spend_limit.delete';
  target: string;
  before: StoredLimit | null;
  after: StoredLimit | null;
  reason: string | null;
}

export const noLimits: SpendLimits = { own: {}, shared: { organization: {}, groups: {} } };

/** A limit that binds a person now, and who set it. */
export interface Binding {
  budget: Budget;
  source: 'policy' | 'user' | 'rbac_group' | 'organization';
  /** The group whose limit it is, where a group's is. */
  group?: string;
}

/**
 * For each period: the person's own spend limit if one is set, else the least of the policy's budget and the limits of the person's groups, else the
 * organization's. A pot that a group shares binds besides.
 */
export function bindings(budgets: readonly Budget[], limits: SpendLimits, groups: readonly string[]): Binding[] {
  const bound: Binding[] = [];
  for (const period of periods) {
    const policy = budgets.find((budget) => budget.scope === 'person' && budget.period === period);
    const found = forPeriod(period, policy, limits, groups);
    if (found) bound.push(found);
  }
  for (const budget of budgets) if (budget.scope === 'group') bound.push({ budget, source: 'policy' });
  return bound;
}

function forPeriod(
  period: Period,
  policy: Budget | undefined,
  { own, shared }: SpendLimits,
  groups: readonly string[],
): Binding | undefined {
  const seat = (amount: number): Budget => ({ period, scope: 'person', amount_micros: amount, warn_percent: policy?.warn_percent });
  const mine = own[period];
  if (mine !== undefined) return mine === null ? undefined : { budget: seat(mine), source: 'user' };
  let least: Binding | undefined = policy && { budget: policy, source: 'policy' };
  for (const group of groups) {
    const amount = Object.hasOwn(shared.groups, group) ? shared.groups[group]?.[period] : undefined;
    if (typeof amount === 'number' && (!least || amount < least.budget.amount_micros))
      least = { budget: seat(amount), source: 'rbac_group', group };
  }
  if (least) return least;
  const everybody = shared.organization[period];
  return typeof everybody === 'number' ? { budget: seat(everybody), source: 'organization' } : undefined;
}

/** A binding limit, what is used of it in its period, and what open requests hold of it. */
export interface Limit extends Binding {
  /** First day of the period. */
  start: string;
  usedMicros: number;
  heldMicros: number;
}

export type Room =
  /** How much more may be held; undefined where nothing binds. */
  | { open: true; limits: readonly Limit[] }
  /** It is used up. */
  | { open: false; because: 'used_up'; limit: Limit }
  /** What is left is held by requests that are still open. */
  | { open: false; because: 'held'; limit: Limit };

/** Another request may begin while something is left of every limit: the last one may pass it, by its own cost at most. */
export function roomIn(limits: readonly Limit[]): Room {
  const spent = limits.filter(({ budget, usedMicros }) => usedMicros >= budget.amount_micros);
  const worst = mostUsed(spent);
  if (worst) return { open: false, because: 'used_up', limit: worst };
  const held = limits.find(({ budget, usedMicros, heldMicros }) => usedMicros + heldMicros >= budget.amount_micros);
  return held ? { open: false, because: 'held', limit: held } : { open: true, limits };
}

/** The limit that is nearest to its end; of equals the one that lasts longest. */
export function mostUsed<L extends Limit>(limits: readonly L[]): L | undefined {
  let found: L | undefined;
  for (const limit of limits) {
    const percent = usedPercent(limit.budget.amount_micros, limit.usedMicros);
    if (!found || percent >= usedPercent(found.budget.amount_micros, found.usedMicros)) found = limit;
  }
  return found;
}

export function limitOf(binding: Binding, today: string, usedMicros: number, heldMicros: number): Limit {
  return { ...binding, start: periodStart(binding.budget.period, today), usedMicros, heldMicros };
}
