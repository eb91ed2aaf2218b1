/**
 * The part of Microsoft Entra ID and Graph that a reader of people calls: an application's token, users, their groups, a group's people, and
 * subscriptions to changes, whose notifications say who changed and never what. Under `/entra`.
 */
import { randomUUID, timingSafeEqual } from 'node:crypto';
import { type Answer, type Call, type Handler, Refused, route, type System } from '../outside/http.ts';
import { type Change, type Directory, homeOf, type Person, uuidOf } from './directory.ts';

export const entraTenant = '84bd8158-6d4d-4958-8b9f-9d6445542f95';
export const entraClient = '11111111-2222-4333-8444-555555555555';

export interface EntraOptions {
  directory: Directory;
  now(): number;
  /** `http://127.0.0.1:<port>` */
  origin(): string;
  /** The application's client secret. */
  clientSecret(): Promise<string>;
}

interface Subscription {
  id: string;
  resource: string;
  notificationUrl: string;
  clientState: string;
  expirationDateTime: string;
}

const tokenSeconds = 3_599;
/** A delta link is good for so long. */
const deltaMs = 7 * 86_400_000;
/** Graph's longest for users and groups: 29 days. */
const maxSubscriptionMs = 41_760 * 60_000;

export interface Entra {
  system: System;
  /** Remembers changes for delta queries, silent ones too: nobody is told, and who asks learns. */
  record(changes: readonly Change[]): void;
  /** Tells whoever subscribed. A delivery that is not taken is tried again by Graph for four hours; here it is tried once more. */
  notify(changes: readonly Change[]): Promise<void>;
}

export function createEntra({ directory, now, origin, clientSecret }: EntraOptions): Entra {
  const tokens = new Map<string, number>();
  const subscriptions: Subscription[] = [];
  const base = () => `${origin()}/entra`;
  const people = () => directory.people().filter((person) => homeOf(person) === 'entra');

  async function token(call: Call): Promise<Answer> {
    const { grant_type: grant, client_id: client, client_secret: given } = call.body;
    const wrong = (error: string) => ({ status: 401, body: { error, error_description: `AADSTS: ${error}` } });
    if (grant !== 'client_credentials') return { status: 400, body: { error: 'unsupported_grant_type' } };
    if (client !== entraClient || !isSame(String(given), await clientSecret())) return wrong('invalid_client');
    const made = randomUUID();
    tokens.set(made, now() + tokenSeconds * 1000);
    return { status: 200, body: { token_type: 'Bearer', expires_in: tokenSeconds, ext_expires_in: tokenSeconds, access_token: made } };
  }

  function guarded(handler: Handler): Handler {
    return async (call) => {
      const given = /^Bearer (.+)$/.exec(call.headers.authorization ?? '')?.[1] ?? '';
      if ((tokens.get(given) ?? 0) <= now())
        return problem(401, 'InvalidAuthenticationToken', 'Access token is missing, expired or not ours.');
      return handler(call);
    };
  }

  function personOf(call: Call): Person {
    const person = people().find(({ id }) => uuidOf(id) === call.params.id);
    if (!person)
      throw new Refused(
        problem(
          404,
          'Request_ResourceNotFound',
          `Resource '${call.params.id}' does not exist or one of its queried reference-property objects are not present.`,
        ),
      );
    return person;
  }

  function groupOf(call: Call) {
    const group = directory.groups().find(({ id }) => uuidOf(id) === call.params.id);
    if (!group) throw new Refused(problem(404, 'Request_ResourceNotFound', `Resource '${call.params.id}' does not exist.`));
    return group;
  }

  /** A page by `$top`, the next one's address by `$skiptoken`. */
  function page(call: Call, items: readonly object[]): Answer {
    const top = Math.min(999, Number(call.query.get('$top') ?? 100) || 100);
    const from = Number(call.query.get('$skiptoken') ?? 0) || 0;
    const query = new URLSearchParams(call.query);
    query.set('$skiptoken', String(from + top));
    const more = from + top < items.length;
    return {
      status: 200,
      body: { value: items.slice(from, from + top), ...(more && { '@odata.nextLink': `${origin()}${call.path}?${query}` }) },
    };
  }

  function list(call: Call): Answer {
    const filter = call.query.get('$filter');
    const wanted =
      filter &&
      [...filter.matchAll(/(mail|userPrincipalName) eq '((?:[^']|'')*)'/g)].map((match) => match[2]?.replaceAll("''", "'").toLowerCase());
    const found = people().filter((person) => !wanted || wanted.includes(person.email.toLowerCase()));
    return page(call, found.map(show));
  }

  const changed: { at: number; kind: 'users' | 'groups'; entry: { id: string; [member: string]: unknown } }[] = [];
  function record(changes: readonly Change[]): void {
    for (const { eventType, person, group } of changes) {
      const ours = person && homeOf(person) === 'entra';
      if (eventType.startsWith('user.') && ours) {
        const removed = eventType === 'user.lifecycle.delete.initiated' && { '@removed': { reason: 'changed' } };
        changed.push({ at: now(), kind: 'users', entry: { id: uuidOf(person.id), ...removed } });
      }
      if (!group) continue;
      const id = uuidOf(group.id);
      if (eventType === 'group.lifecycle.delete')
        changed.push({ at: now(), kind: 'groups', entry: { id, '@removed': { reason: 'changed' } } });
      else if (!person) changed.push({ at: now(), kind: 'groups', entry: { id, displayName: group.name } });
      else if (ours) {
        const member = { '@odata.type': '#microsoft.graph.user', id: uuidOf(person.id) };
        const gone = eventType.endsWith('remove') && { '@removed': { reason: 'deleted' } };
        changed.push({ at: now(), kind: 'groups', entry: { id, 'members@delta': [{ ...member, ...gone }] } });
      }
    }
  }

  /** From where a link ends; `latest` is now. A link that is too old is gone. */
  function delta(kind: 'users' | 'groups'): Handler {
    return (call) => {
      const asked = call.query.get('$deltatoken');
      const [position = '', made = ''] = (asked === 'latest' ? `${changed.length}.${now()}` : (asked ?? '')).split('.');
      const from = Number(position);
      if (!Number.isInteger(from) || from < 0 || position === '') return problem(400, 'Request_BadRequest', 'Badly formed token.');
      if (now() - Number(made) > deltaMs || from > changed.length)
        return problem(410, 'syncStateNotFound', 'The sync state generation is not found.');
      const value = changed
        .slice(from)
        .filter((one) => one.kind === kind)
        .map(({ entry }) => entry);
      const deltaLink = `${base()}/graph/v1.0/${kind}/delta?$deltatoken=${changed.length}.${now()}`;
      return { status: 200, body: { value, '@odata.deltaLink': deltaLink } };
    };
  }

  async function subscribe(call: Call): Promise<Answer> {
    const { resource, notificationUrl, clientState, expirationDateTime } = call.body;
    const until = Date.parse(String(expirationDateTime));
    if (typeof resource !== 'string' || typeof notificationUrl !== 'string' || !(until > now() && until <= now() + maxSubscriptionMs))
      return problem(400, 'InvalidRequest', 'resource, notificationUrl and an expirationDateTime within 41760 minutes are needed.');
    const asked = `Validation: ${randomUUID()}`;
    const answer = await fetch(`${notificationUrl}?validationToken=${encodeURIComponent(asked)}`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
    });
    const isPlain = answer.headers.get('content-type')?.startsWith('text/plain');
    if (answer.status !== 200 || !isPlain || (await answer.text()) !== asked)
      return problem(400, 'ValidationError', 'Subscription validation request failed: the validation token did not come back.');
    const made = {
      id: randomUUID(),
      resource,
      notificationUrl,
      clientState: String(clientState ?? ''),
      expirationDateTime: String(expirationDateTime),
    };
    subscriptions.push(made);
    return { status: 201, body: made };
  }

  async function notify(changes: readonly Change[]): Promise<void> {
    for (const { eventType, person, group } of changes) {
      const object = eventType.startsWith('group.')
        ? group && { kind: 'Groups', id: uuidOf(group.id) }
        : person && { kind: 'Users', id: uuidOf(person.id) };
      if (!object) continue;
      const changeType =
        eventType === 'user.lifecycle.delete.initiated' || eventType === 'group.lifecycle.delete'
          ? 'deleted'
          : eventType.endsWith('.create')
            ? 'created'
            : 'updated';
      const members = eventType.startsWith('group.user_membership') &&
        person && { 'members@delta': [{ id: uuidOf(person.id), ...(eventType.endsWith('remove') && { '@removed': 'deleted' }) }] };
      for (const one of subscriptions)
        if (one.resource.toLowerCase().startsWith(object.kind.toLowerCase()) && Date.parse(one.expirationDateTime) > now())
          await deliver(one, {
            id: randomUUID(),
            subscriptionId: one.id,
            subscriptionExpirationDateTime: one.expirationDateTime,
            clientState: one.clientState,
            changeType,
            resource: `${object.kind}/${object.id}`,
            tenantId: entraTenant,
            resourceData: { '@odata.type': `#Microsoft.Graph.${object.kind.slice(0, -1)}`, id: object.id, ...members },
          });
    }
  }

  const routes = [
    route('POST', '/:tenant/oauth2/v2.0/token', token),
    route('GET', '/graph/v1.0/users/delta', guarded(delta('users'))),
    route('GET', '/graph/v1.0/groups/delta', guarded(delta('groups'))),
    route('GET', '/graph/v1.0/users', guarded(list)),
    route(
      'GET',
      '/graph/v1.0/users/:id',
      guarded((call) => ({ status: 200, body: show(personOf(call)) })),
    ),
    route(
      'GET',
      '/graph/v1.0/users/:id/transitiveMemberOf/microsoft.graph.group',
      guarded((call) =>
        page(
          call,
          directory.groupsOf(personOf(call)).map(({ id, name }) => ({ id: uuidOf(id), displayName: name })),
        ),
      ),
    ),
    route(
      'GET',
      '/graph/v1.0/groups/:id/transitiveMembers/microsoft.graph.user',
      guarded((call) => {
        const group = groupOf(call);
        return page(
          call,
          people()
            .filter((person) => person.groups.includes(group.id))
            .map(({ id }) => ({ id: uuidOf(id) })),
        );
      }),
    ),
    route('POST', '/graph/v1.0/subscriptions', guarded(subscribe)),
  ];
  return { system: { prefix: '/entra', routes, refuse: (status, message) => problem(status, 'Error', message) }, record, notify };

  function show(person: Person): Record<string, unknown> {
    return {
      '@odata.context': `${base()}/graph/v1.0/$metadata#users/$entity`,
      id: uuidOf(person.id),
      accountEnabled: person.status === 'ACTIVE',
      displayName: person.name,
      mail: person.email,
      userPrincipalName: person.email,
    };
  }
}

async function deliver({ notificationUrl }: Subscription, notification: object): Promise<void> {
  const body = JSON.stringify({ value: [notification] });
  for (const _ of ['first', 'again']) {
    const answer = await fetch(notificationUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body }).catch(
      () => undefined,
    );
    if (answer && answer.status < 300) return;
  }
}

function problem(status: number, code: string, message: string): Answer {
  return { status, body: { error: { code, message, innerError: { date: '2026-01-01T00:00:00', 'request-id': randomUUID() } } } };
}

function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
