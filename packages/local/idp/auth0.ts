/**
 * The part of Auth0's Management API that a reader of people calls, and the events of its stream as they stand on the partner bus. Under `/auth0`.
 * A search lists a thousand at most, as Auth0's does.
 */
import { randomUUID, timingSafeEqual } from 'node:crypto';
import { type Answer, type Call, type Handler, Refused, route, type System } from '../outside/http.ts';
import { type Change, type Directory, homeOf, type Person, subjectOf, uuidOf } from './directory.ts';

export const auth0Client = 'gatehouse-reader';
/** The company's partner event source, and the bus that is named like it. */
export const auth0Bus = 'aws.partner/auth0.com/acme/gatehouse';

export interface Auth0Options {
  directory: Directory;
  now(): number;
  clientSecret(): Promise<string>;
}

const tokenSeconds = 86_400;
const maxOfSearch = 1_000;

export function createAuth0({ directory, now, clientSecret }: Auth0Options): System {
  const tokens = new Map<string, number>();
  const people = () => directory.people().filter((person) => homeOf(person) === 'auth0');

  async function token({ body }: Call): Promise<Answer> {
    const wanted = Buffer.from(await clientSecret());
    const given = Buffer.from(String(body.client_secret));
    const same = given.length === wanted.length && timingSafeEqual(given, wanted);
    if (body.grant_type !== 'client_credentials' || body.client_id !== auth0Client || !same)
      return { status: 401, body: { error: 'access_denied', error_description: 'Unauthorized' } };
    const made = randomUUID();
    tokens.set(made, now() + tokenSeconds * 1000);
    return { status: 200, body: { access_token: made, token_type: 'Bearer', expires_in: tokenSeconds } };
  }

  function guarded(handler: Handler): Handler {
    return (call) => {
      const given = /^Bearer (.+)$/.exec(call.headers.authorization ?? '')?.[1] ?? '';
      return (tokens.get(given) ?? 0) > now() ? handler(call) : problem(401, 'Unauthorized', 'Invalid token');
    };
  }

  function personOf({ params }: Call): Person {
    const person = people().find((one) => subjectOf(one) === params.id);
    if (!person) throw new Refused(problem(404, 'Not Found', 'The user does not exist.', 'inexistent_user'));
    return person;
  }

  function list({ query }: Call): Answer {
    const q = query.get('q') ?? '';
    const size = Math.min(100, Number(query.get('per_page') ?? 50));
    const start = Number(query.get('page') ?? 0) * size;
    if (start + size > maxOfSearch) return problem(400, 'Bad Request', 'You can only page through the first 1000 records.');
    const since = /^created_at:\["([^"]+)" TO \*\]$/.exec(q)?.[1];
    const named = [...q.matchAll(/(?:email|user_id):"((?:[^"\\]|\\.)*)"/g)].map(([, value = '']) =>
      value.replace(/\\(.)/g, '$1').toLowerCase(),
    );
    if (q !== '' && since === undefined && named.length === 0)
      return problem(400, 'Bad Request', 'Query validation error', 'invalid_query_string');
    const found = people()
      .filter((one) =>
        since === undefined ? named.includes(one.email.toLowerCase()) || named.includes(subjectOf(one)) : one.created >= since,
      )
      .sort((a, b) => (a.created < b.created ? -1 : 1));
    const users = found.slice(start, start + size).map(showUser);
    return { status: 200, body: { start, limit: size, length: users.length, total: found.length, users } };
  }

  /** Checkpoint pages: `take` and `from`. */
  function pageOf({ query }: Call, name: string, items: readonly object[]): Answer {
    const take = Math.min(100, Number(query.get('take') ?? 50));
    const from = Number(query.get('from') ?? 0);
    const more = from + take < items.length;
    return { status: 200, body: { [name]: items.slice(from, from + take), ...(more && { next: String(from + take) }) } };
  }

  const groupsOf = (person: Person) => directory.groupsOf(person).map(({ id, name }) => ({ id: groupId(id), name, type: 'tenant' }));
  const members = (call: Call) => {
    const group = directory.groups().find(({ id }) => groupId(id) === call.params.id);
    if (!group) return problem(404, 'Not Found', 'The group does not exist.', 'inexistent_group');
    const inside = people().filter((person) => person.groups.includes(group.id));
    return pageOf(
      call,
      'members',
      inside.map((person) => ({ id: subjectOf(person), member_type: 'user' })),
    );
  };

  const routes = [
    route('POST', '/oauth/token', token),
    route('GET', '/api/v2/users', guarded(list)),
    route(
      'GET',
      '/api/v2/users/:id',
      guarded((call) => ({ status: 200, body: showUser(personOf(call)) })),
    ),
    route(
      'GET',
      '/api/v2/users/:id/groups',
      guarded((call) => pageOf(call, 'groups', groupsOf(personOf(call)))),
    ),
    route('GET', '/api/v2/groups/:id/members', guarded(members)),
  ];
  return { prefix: '/auth0', routes, refuse: (status, message) => problem(status, 'Error', message) };
}

/** How the stream calls what happens; a block is an update. */
const types: Readonly<Record<string, string>> = {
  'user.lifecycle.create': 'user.created',
  'user.lifecycle.activate': 'user.updated',
  'user.lifecycle.reactivate': 'user.updated',
  'user.lifecycle.unsuspend': 'user.updated',
  'user.lifecycle.suspend': 'user.updated',
  'user.lifecycle.deactivate': 'user.updated',
  'user.account.update_profile': 'user.updated',
  'user.lifecycle.delete.initiated': 'user.deleted',
  'group.user_membership.add': 'group.member.added',
  'group.user_membership.remove': 'group.member.deleted',
  'group.profile.update': 'group.updated',
  'group.lifecycle.delete': 'group.deleted',
};

export type StreamEvent = NonNullable<ReturnType<typeof streamEvent>>;

/** As it stands on the partner bus: a CloudEvent in EventBridge's envelope. Undefined for what the stream does not tell. */
export function streamEvent({ eventType, person, group }: Change, source: string, now: number) {
  const type = types[eventType];
  if (type === undefined) return undefined;
  const at = new Date(now).toISOString();
  const named = group && { id: groupId(group.id), name: group.name, type: 'tenant' };
  const object = type.startsWith('user.')
    ? person && showUser(person)
    : type.startsWith('group.member.')
      ? person && { group: named, member: { member_type: 'user', id: subjectOf(person) } }
      : named;
  if (!object) return undefined;
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': type,
    source,
    account: '000000000000',
    time: at.replace(/\.\d+Z$/, 'Z'),
    region: 'us-east-1',
    resources: [] as string[],
    detail: {
      specversion: '1.0',
      type,
      source: 'urn:auth0:example.us',
      id: `evt_${randomUUID().replaceAll('-', '')}`,
      time: at,
      data: { object, context: { client: { id: 'console', name: 'Dashboard', metadata: {} }, tenant: { id: 'example' } } },
      a0tenant: 'example',
      a0stream: 'est_gatehouse',
    },
  };
}

function showUser(person: Person): Record<string, unknown> {
  return {
    user_id: subjectOf(person),
    email: person.email,
    email_verified: true,
    name: person.name,
    created_at: person.created,
    updated_at: person.lastUpdated,
    blocked: person.status !== 'ACTIVE',
    identities: [{ connection: 'Username-Password-Authentication', provider: 'auth0', isSocial: false }],
  };
}

function groupId(id: string): string {
  return `grp_${uuidOf(id).replaceAll('-', '').slice(0, 16)}`;
}

function problem(status: number, error: string, message: string, errorCode?: string): Answer {
  return { status, body: { statusCode: status, error, message, ...(errorCode !== undefined && { errorCode }) } };
}
