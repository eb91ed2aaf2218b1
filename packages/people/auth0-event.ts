/**
 * Finds in one event of Auth0's event stream whom it happened to. Events are pings: a block has no type of its own, and is an update like any other.
 * The detail is a CloudEvent (Auth0, Event Streams); a group of a connection may come from another directory.
 */
import { ok, type Result, refuse } from '@gatehouse/core/result';
import * as z from 'zod';

const types = [
  'user.created',
  'user.updated',
  'user.deleted',
  'group.member.added',
  'group.member.deleted',
  'group.updated',
  'group.deleted',
] as const;

/** For the rule's pattern. */
export const heardTypes: readonly string[] = types;

const Event = z.object({
  id: z.string().min(1),
  type: z.string(),
  /** `test`: somebody tries the stream. */
  a0purpose: z.string().nullish(),
  data: z.object({
    object: z.looseObject({
      user_id: z.string().min(1).optional(),
      blocked: z.boolean().nullish(),
      /** A group's own, in its events. */
      id: z.string().min(1).optional(),
      name: z.string().nullish(),
      group: z.looseObject({ id: z.string().min(1) }).optional(),
      member: z.looseObject({ id: z.string().min(1), member_type: z.string() }).optional(),
    }),
  }),
});

export interface Heard {
  cause: string;
  subject: string | undefined;
  group: { id: string; name: string | undefined } | undefined;
  leaving: boolean;
}

export type Unheard = { reason: 'malformed' | 'not_ours' | 'nobody' | 'test'; detail: string };

/** @param detail of an EventBridge event of the partner source. */
export function hear(detail: unknown): Result<Heard, Unheard> {
  const event = Event.safeParse(detail);
  if (!event.success) return refuse({ reason: 'malformed', detail: z.prettifyError(event.error) });
  const { id: cause, type, a0purpose: purpose, data } = event.data;
  if (purpose === 'test') return refuse({ reason: 'test', detail: `${type} was sent to try the stream` });
  if (!heardTypes.includes(type)) return refuse({ reason: 'not_ours', detail: type });
  const { object } = data;
  const nobody = refuse({ reason: 'nobody' as const, detail: `${type} names nobody by id` });
  if (type.startsWith('user.')) {
    const leaving = type === 'user.deleted' || object.blocked === true;
    return object.user_id === undefined ? nobody : ok({ cause, subject: object.user_id, group: undefined, leaving });
  }
  if (type.startsWith('group.member.')) {
    if (object.member?.member_type === 'user') return ok({ cause, subject: object.member.id, group: undefined, leaving: false });
    // A group within a group, or a whole connection: everybody in the outer one may have changed.
    return object.group ? ok({ cause, subject: undefined, group: { id: object.group.id, name: undefined }, leaving: false }) : nobody;
  }
  return object.id === undefined
    ? nobody
    : ok({ cause, subject: undefined, group: { id: object.id, name: object.name ?? undefined }, leaving: false });
}
