/**
 * Reads Authentik's webhook, whose body is made by a mapping of ours (docs/people.md has it). Its default body names the administrator and whom
 * it notifies, and not the person: such a one is about nobody.
 */
import { ok, type Result, refuse } from '@gatehouse/core/result';
import * as z from 'zod';

const Mapped = z.object({
  event_id: z.string().min(1).max(200),
  action: z.string(),
  model: z.object({
    app: z.string(),
    model_name: z.string(),
    pk: z.union([z.string(), z.number()]),
    /** The subject of the person's tokens, where the mapping gives it. */
    uid: z.string().nullish(),
  }),
});

export interface Told {
  cause: string;
  subject: string;
  leaving: boolean;
}

const actions: Readonly<Record<string, boolean>> = { model_created: false, model_updated: false, model_deleted: true };

export type Untold = { reason: 'unmapped' | 'not_ours'; detail: string };

export function readEvent(body: unknown): Result<Told, Untold> {
  const mapped = Mapped.safeParse(body);
  if (!mapped.success)
    return refuse({ reason: 'unmapped', detail: 'the body does not name whom it is about: give the webhook transport the body mapping' });
  const { event_id: cause, action, model } = mapped.data;
  const leaving = Object.hasOwn(actions, action) ? actions[action] : undefined;
  const name = `${model.app}.${model.model_name}`;
  if (leaving === undefined || name !== 'authentik_core.user') return refuse({ reason: 'not_ours', detail: `${action} of ${name}` });
  return ok({ cause, subject: model.uid || String(model.pk), leaving });
}
