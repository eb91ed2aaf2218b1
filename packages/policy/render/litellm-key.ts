/** A person's entitlement to virtual keys, as LiteLLM's `/key/generate` takes it. Names no key, and gives none. */
import { mayUse } from '@gatehouse/rules/models';
import type { Effective } from '@gatehouse/rules/resolve';

export interface KeyRequest {
  user_id: string;
  models: string[];
  /** US dollars. */
  max_budget?: number;
  budget_duration?: '1d' | '7d' | '30d';
  duration?: string;
  metadata: Readonly<Record<string, unknown>>;
}

const durations = { daily: '1d', weekly: '7d', monthly: '30d' } as const;

/**
 * @param catalogue the model names that this LiteLLM serves: it knows no families, so patterns are tried on its own names.
 * Undefined when the person may have no key, or no model would be left: LiteLLM reads an empty list as every model.
 */
export function litellmKey(effective: Effective, person: string, catalogue: readonly string[]): KeyRequest | undefined {
  const { keys, models, guardrails, enforcement } = effective;
  if (!effective.admitted || !keys.maximum) return undefined;
  const allowed = catalogue.filter((name) => mayUse(models, name).allowed && mayUse({ allow: keys.models, deny: [] }, name).allowed);
  if (allowed.length === 0) return undefined;
  const actions = Object.values(guardrails);
  return {
    user_id: person,
    models: allowed,
    ...(keys.budget && { max_budget: keys.budget.amount_micros / 1_000_000, budget_duration: durations[keys.budget.period] }),
    ...(keys.duration_days && { duration: `${keys.duration_days}d` }),
    metadata: {
      gatehouse_person: person,
      gatehouse_policies: effective.matched,
      enforcement_level: enforcement,
      guardrails,
      // What the proxy's hook reads when it knows one level and one action for all kinds: the strictest of them.
      ...(actions.length > 0 && { guardrail_level: actions.every((action) => action === 'off') ? 'off' : 'standard' }),
      ...(actions.some((action) => action !== 'off') && { guardrail_action: actions.includes('block') ? 'block' : 'mask' }),
    },
  };
}
