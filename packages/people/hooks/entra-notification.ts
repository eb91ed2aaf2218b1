/**
 * Reads Microsoft Graph's change notifications of users and groups. Their client state is all that proves them, and they say that something
 * changed, never what: accountEnabled is not in them. Group members are a hint that Graph does not promise.
 */
import { ok, type Result, refuse } from '@gatehouse/core/result';
import * as z from 'zod';

const Member = z.object({ id: z.string().min(1) });
const Notification = z.object({
  id: z.string().nullish(),
  subscriptionId: z.string().min(1),
  clientState: z.string().max(255).nullish(),
  changeType: z.enum(['created', 'updated', 'deleted']).nullish(),
  lifecycleEvent: z.string().nullish(),
  resource: z.string().nullish(),
  tenantId: z.string().nullish(),
  encryptedContent: z.unknown().optional(),
  resourceData: z
    .object({
      id: z.string().nullish(),
      sequenceNumber: z.union([z.number(), z.string()]).nullish(),
      'members@delta': z.array(Member).nullish(),
    })
    .nullish(),
});
type Notification = z.infer<typeof Notification>;
const Delivery = z.object({ value: z.array(z.unknown()).max(1_000) });

export interface Notified {
  /** Graph's id of the notification, and what makes it one. */
  cause: string;
  /** Object ids, each once. */
  users: readonly string[];
  groups: readonly string[];
  leaving: boolean;
}

export type Unnotified =
  | { reason: 'malformed'; detail: string }
  | { reason: 'forged'; detail: string }
  | { reason: 'other_tenant'; detail: string }
  /** Graph says that the subscription needs somebody: renew it, or make it again. */
  | { reason: 'lifecycle'; detail: string }
  | { reason: 'nobody'; detail: string };

export function readDelivery(body: unknown): Result<unknown[], string> {
  const delivery = Delivery.safeParse(body);
  return delivery.success ? ok(delivery.data.value) : refuse('the body is no delivery of change notifications');
}

/** @param isOurs compares the client state with the secret, in constant time. */
export function readNotification(json: unknown, tenant: string, isOurs: (clientState: string) => boolean): Result<Notified, Unnotified> {
  const parsed = Notification.safeParse(json);
  if (!parsed.success) return refuse({ reason: 'malformed', detail: z.prettifyError(parsed.error) });
  const notification = parsed.data;
  const { subscriptionId, clientState, lifecycleEvent, tenantId, changeType } = notification;
  if (!isOurs(clientState ?? '')) return refuse({ reason: 'forged', detail: `client state of subscription ${subscriptionId}` });
  if (tenantId && tenantId !== tenant) return refuse({ reason: 'other_tenant', detail: tenantId });
  if (lifecycleEvent) return refuse({ reason: 'lifecycle', detail: `${lifecycleEvent} of subscription ${subscriptionId}` });
  if (!changeType) return refuse({ reason: 'malformed', detail: 'neither changeType nor lifecycleEvent' });
  return readChange(notification, changeType);
}

function readChange(notification: Notification, changeType: string): Result<Notified, Unnotified> {
  const { resource, resourceData, subscriptionId, id } = notification;
  const [, kind = '', named] = /^\/?(users|groups)\/([^/?]+)/i.exec(resource ?? '') ?? [];
  const object = resourceData?.id ?? named;
  if (!object || !kind) return refuse({ reason: 'nobody', detail: `${resource ?? 'no resource'} is neither a user nor a group` });
  const cause = [subscriptionId, id ?? '', changeType, object, resourceData?.sequenceNumber ?? ''].join('/');
  if (kind.toLowerCase() === 'users') return ok({ cause, users: [object], groups: [], leaving: changeType === 'deleted' });
  const members = resourceData?.['members@delta'] ?? [];
  return ok({ cause, users: [...new Set(members.map((member) => member.id))], groups: [object], leaving: false });
}
