/** The wire of the spend-limit admin API: Anthropic's own shapes, cents as decimal text. Reads and writes nothing. */

import type { Limit, LimitChange, LimitScope, StoredLimit } from '@gatehouse/ledger/spend-limit';
import * as z from 'zod';

const microsInCent = 10_000;

export const LimitRequest = z.strictObject({
  scope: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('user'), user_id: z.string().min(1).max(320) }),
    z.strictObject({ type: z.literal('rbac_group'), rbac_group_id: z.string().min(1).max(200) }),
    z.strictObject({ type: z.literal('organization') }),
  ]),
  amount: z
    .string()
    .regex(/^\d{1,10}(\.\d{1,4})?$/, 'cents as text, such as "5000" for fifty dollars')
    .nullable(),
  period: z.enum(['daily', 'weekly', 'monthly']),
  reason: z.string().max(500).optional(),
});

export function microsOf(cents: string): number {
  return Math.round(Number(cents) * microsInCent);
}

/** `402.4`: exact, since a micro-dollar is a ten-thousandth of a cent. */
export function centsOf(micros: number): string {
  return String(micros / microsInCent);
}

export function limitBody({ id, scope, period, amount_micros, created_at, updated_at }: StoredLimit): Record<string, unknown> {
  const amount = amount_micros === null ? null : centsOf(amount_micros);
  return { type: 'spend_limit', id, created_at, updated_at, scope: { ...scope }, amount, currency: 'USD', period };
}

export function changeBody({ id, at, actor, action, target, before, after, reason }: LimitChange): Record<string, unknown> {
  return {
    type: 'audit_event',
    id,
    created_at: at,
    actor,
    action,
    target_id: target,
    before: before && limitBody(before),
    after: after && limitBody(after),
    reason,
  };
}

/** Who set a limit that binds, in the words of the API; `policy` is our own addition. */
export function sourceOf({ source, group }: Limit): Record<string, unknown> {
  return source === 'rbac_group' ? { type: source, rbac_group_id: group } : { type: source };
}

export function isScopeType(text: string): text is LimitScope['type'] {
  return text === 'user' || text === 'rbac_group' || text === 'organization';
}
