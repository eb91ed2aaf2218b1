/** Which of LiteLLM's models a key may use, by what the policy says, and what its budget is in LiteLLM's words. Decides, calls nobody. */
import type { KeySpec } from '@gatehouse/contracts/records/grant';
import { mayUse } from '@gatehouse/rules/models';

/** An empty list is LiteLLM's word for every model, now and later. */
export type Models = { all: true } | { all: false; names: string[] };

/** @param offered LiteLLM's own names. */
export function modelsFor({ allow, deny }: KeySpec, offered: readonly string[]): Models {
  if (deny.length === 0 && allow.every((list) => list.includes('*'))) return { all: true };
  const lists = allow.length > 0 ? allow : [undefined];
  return { all: false, names: offered.filter((name) => lists.every((list) => mayUse({ allow: list, deny }, name).allowed)) };
}

const durations = { daily: '1d', weekly: '7d', monthly: '1mo' } as const;

/** US dollars and durations as LiteLLM's /key/generate and /key/update take them. */
export function limitsOf({ budget, duration_days }: KeySpec): Record<string, unknown> {
  return {
    max_budget: budget ? budget.amount_micros / 1_000_000 : null,
    budget_duration: budget ? durations[budget.period] : null,
    ...(duration_days !== undefined && { duration: `${duration_days}d` }),
  };
}
