/**
 * Finds in one Okta System Log event whom it happened to. Events are pings: which state the person is in is never taken from here.
 * The victim is a `target` of type User; `actor` is who did it (Okta System Log API, LogEvent).
 */
import { ok, type Result, refuse } from '@gatehouse/core/result';
import * as z from 'zod';

/** What the event hints at; the directory, read afterwards, decides. */
export type Kind = 'joining' | 'leaving' | 'returning' | 'moving' | 'changing' | 'regrouping';

const kinds: Readonly<Record<string, Kind>> = {
  'user.lifecycle.create': 'joining',
  'user.lifecycle.activate': 'joining',
  'user.lifecycle.deactivate': 'leaving',
  'user.lifecycle.suspend': 'leaving',
  'user.lifecycle.delete.initiated': 'leaving',
  'user.lifecycle.delete.completed': 'leaving',
  'user.lifecycle.reactivate': 'returning',
  'user.lifecycle.unsuspend': 'returning',
  'group.user_membership.add': 'moving',
  'group.user_membership.remove': 'moving',
  'user.account.update_profile': 'changing',
  'user.account.update_primary_email': 'changing',
  'group.lifecycle.delete': 'regrouping',
  'group.profile.update': 'regrouping',
};

/** For the rule's pattern: what is not in here is not heard. */
export const heardEventTypes: readonly string[] = Object.keys(kinds);

const LogEvent = z.object({
  uuid: z.string().min(1),
  published: z.string(),
  eventType: z.string(),
  outcome: z.object({ result: z.string() }),
  target: z.array(z.object({ id: z.string(), type: z.string(), displayName: z.string().nullish() })).nullish(),
});

export interface Heard {
  /** Okta's id of the event: the same in every delivery of it. */
  uuid: string;
  eventType: string;
  kind: Kind;
  /** Immutable ids (`00u...`), each once. */
  victims: readonly string[];
  /** Groups whose every person it is about, as they were called then. */
  groups: readonly { id: string; name: string }[];
}

export type Unheard =
  | { reason: 'malformed'; detail: string }
  | { reason: 'not_ours'; detail: string }
  | { reason: 'nobody'; detail: string };

/** @param detail of an EventBridge event with detail-type SystemLog: one LogEvent. */
export function hear(detail: unknown): Result<Heard, Unheard> {
  const event = LogEvent.safeParse(detail);
  if (!event.success) return refuse({ reason: 'malformed', detail: z.prettifyError(event.error) });
  const { uuid, eventType, outcome, target } = event.data;
  const kind = Object.hasOwn(kinds, eventType) ? kinds[eventType] : undefined;
  if (!kind) return refuse({ reason: 'not_ours', detail: eventType });
  if (outcome.result !== 'SUCCESS') return refuse({ reason: 'not_ours', detail: `${eventType} ended ${outcome.result}` });
  const targets = target ?? [];
  const victims = new Set(targets.filter(({ type }) => type === 'User').map(({ id }) => id));
  // Membership events name a group too, and are about one person of it.
  const named = kind === 'regrouping' ? targets.filter(({ type }) => type === 'UserGroup') : [];
  const groups = named.map(({ id, displayName }) => ({ id, name: displayName ?? '' }));
  if (victims.size === 0 && groups.length === 0) return refuse({ reason: 'nobody', detail: `${eventType} names nobody whom it is about` });
  return ok({ uuid, eventType, kind, victims: [...victims], groups });
}
