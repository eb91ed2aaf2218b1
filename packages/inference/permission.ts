/** Whether a person's policy lets them ask a model through this gateway. Reads no budget. */
import { ok, type Result, refuse } from '@gatehouse/core/result';
import { mayUse } from '@gatehouse/rules/models';
import type { Effective } from '@gatehouse/rules/resolve';

export type NotPermitted =
  | { reason: 'model_denied'; model: string; policies: readonly string[]; allowed: readonly string[] | undefined }
  | { reason: 'route_denied'; allowed: readonly string[]; through: 'gatehouse' | 'litellm'; policies: readonly string[] };

/** @param models the one that is asked and those that the body names besides. */
export function permit(effective: Effective, models: readonly string[]): Result<undefined, NotPermitted> {
  const { routes, matched: policies } = effective;
  if (!routes.allow.includes('governed') || routes.governed_through !== 'gatehouse')
    return refuse({ reason: 'route_denied', allowed: routes.allow, through: routes.governed_through, policies });
  const denied = models.find((model) => !mayUse(effective.models, model).allowed);
  if (denied === undefined) return ok(undefined);
  return refuse({ reason: 'model_denied', model: denied, policies, allowed: effective.models.allow });
}
