/**
 * The part of Google Workspace's Admin SDK that a reader of people calls: a service account's token, users, groups, members, and the admin audit log, in
 * which people are addresses. Under `/google`.
 */
import { createPublicKey, generateKeyPair, randomUUID, verify } from 'node:crypto';
import { promisify } from 'node:util';
import { type Answer, type Call, type Handler, Refused, route, type System } from '../outside/http.ts';
import { type Change, type Directory, homeOf, type Person, subjectOf, uuidOf } from './directory.ts';
import { administrators } from './seeds.ts';

export const googleAdmin = administrators[0] ?? '';

export interface GoogleOptions {
  directory: Directory;
  now(): number;
  /** `http://127.0.0.1:<port>` */
  origin(): string;
  /** The service account's key file. */
  keyFile(): Promise<string>;
}

export interface GoogleSystem {
  system: System;
  /** Writes the audit log. */
  log(changes: readonly Change[]): void;
}

const tokenSeconds = 3_599;
const keptActivities = 2_000;

/** A key file as Google gives one; only this company's stand-in takes it. Made beside what this thread does: it takes from 20 to 200 ms. */
export async function newKeyFile(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return JSON.stringify({
    type: 'service_account',
    client_email: 'gatehouse@example.iam.gserviceaccount.com',
    private_key_id: randomUUID().replaceAll('-', ''),
    private_key: privateKey,
  });
}

export function createGoogle({ directory, now, origin, keyFile }: GoogleOptions): GoogleSystem {
  const tokens = new Map<string, { until: number; scope: string }>();
  const activities: { time: string; body: object }[] = [];
  const people = () => directory.people().filter((person) => homeOf(person) === 'google');

  async function token({ body }: Call): Promise<Answer> {
    const wrong = (error: string) => ({ status: 400, body: { error, error_description: 'Bad Request' } });
    if (body.grant_type !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') return wrong('unsupported_grant_type');
    const { private_key: pem, client_email: account } = JSON.parse(await keyFile());
    const [header = '', payload = '', signature = ''] = String(body.assertion).split('.');
    if (!verify('sha256', Buffer.from(`${header}.${payload}`), createPublicKey(pem), Buffer.from(signature, 'base64url')))
      return wrong('invalid_grant');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const seconds = now() / 1000;
    if (claims.iss !== account || claims.aud !== `${origin()}/google/token` || !(claims.exp > seconds) || claims.sub !== googleAdmin)
      return wrong('invalid_grant');
    const made = randomUUID();
    tokens.set(made, { until: now() + tokenSeconds * 1000, scope: String(claims.scope) });
    return { status: 200, body: { access_token: made, token_type: 'Bearer', expires_in: tokenSeconds } };
  }

  function guarded(scope: string, handler: Handler): Handler {
    return (call) => {
      const given = tokens.get(/^Bearer (.+)$/.exec(call.headers.authorization ?? '')?.[1] ?? '');
      if (!given || given.until <= now()) return problem(401, 'Invalid Credentials', 'authError');
      if (!given.scope.includes(scope)) return problem(403, 'Insufficient Permission', 'insufficientPermissions');
      return handler(call);
    };
  }

  function personOf(key: string | null | undefined): Person {
    const person = people().find((one) => subjectOf(one) === key || one.email.toLowerCase() === key?.toLowerCase());
    if (!person) throw new Refused(problem(404, 'Resource Not Found: userKey', 'notFound'));
    return person;
  }

  function paged({ query }: Call, name: string, items: readonly object[], usual: number): Answer {
    const size = Math.min(Number(query.get('maxResults') ?? usual), usual);
    const from = Number(query.get('pageToken') ?? 0);
    const more = from + size < items.length;
    const shown = items.slice(from, from + size);
    // Google leaves an empty list out.
    return { status: 200, body: { ...(shown.length > 0 && { [name]: shown }), ...(more && { nextPageToken: String(from + size) }) } };
  }

  const groupsOf = (call: Call) =>
    paged(
      call,
      'groups',
      directory.groupsOf(personOf(call.query.get('userKey'))).map(({ id, name }) => ({ id: groupId(id), email: groupEmail(name), name })),
      200,
    );
  const members = (call: Call) => {
    const group = directory.groups().find(({ id, name }) => groupId(id) === call.params.id || groupEmail(name) === call.params.id);
    if (!group) return problem(404, 'Resource Not Found: groupKey', 'notFound');
    const inside = people().filter((person) => person.groups.includes(group.id));
    return paged(
      call,
      'members',
      inside.map((person) => ({ id: subjectOf(person), email: person.email, type: 'USER', role: 'MEMBER' })),
      200,
    );
  };
  const audit = (call: Call) => {
    const since = call.query.get('startTime') ?? '';
    const found = activities.filter(({ time }) => time >= since).reverse();
    return paged(
      call,
      'items',
      found.map(({ body }) => body),
      1_000,
    );
  };

  function log(changes: readonly Change[]): void {
    for (const change of changes) {
      const event = auditEvent(change);
      if (!event) continue;
      const time = new Date(now()).toISOString();
      const id = {
        time,
        uniqueQualifier: String(-BigInt(`0x${randomUUID().slice(0, 8)}`)),
        applicationName: 'admin',
        customerId: 'C03example',
      };
      activities.push({
        time,
        body: { kind: 'admin#reports#activity', id, actor: { callerType: 'USER', email: googleAdmin }, events: [event] },
      });
    }
    activities.splice(0, activities.length - keptActivities);
  }

  const directoryScope = 'admin.directory';
  const routes = [
    route('POST', '/token', token),
    route(
      'GET',
      '/admin/directory/v1/users',
      guarded(directoryScope, (call) => paged(call, 'users', people().map(showUser), 500)),
    ),
    route(
      'GET',
      '/admin/directory/v1/users/:id',
      guarded(directoryScope, (call) => ({ status: 200, body: showUser(personOf(call.params.id)) })),
    ),
    route('GET', '/admin/directory/v1/groups', guarded(directoryScope, groupsOf)),
    route('GET', '/admin/directory/v1/groups/:id/members', guarded(directoryScope, members)),
    route('GET', '/admin/reports/v1/activity/users/all/applications/admin', guarded('admin.reports', audit)),
  ];
  return { system: { prefix: '/google', routes, refuse: (status, message) => problem(status, message, 'badRequest') }, log };
}

const names: Readonly<Record<string, string>> = {
  'user.lifecycle.create': 'CREATE_USER',
  'user.lifecycle.activate': 'UNSUSPEND_USER',
  'user.lifecycle.reactivate': 'UNARCHIVE_USER',
  'user.lifecycle.unsuspend': 'UNSUSPEND_USER',
  'user.lifecycle.suspend': 'SUSPEND_USER',
  'user.lifecycle.deactivate': 'ARCHIVE_USER',
  'user.lifecycle.delete.initiated': 'DELETE_USER',
  'user.account.update_profile': 'CHANGE_FIRST_NAME',
  'group.user_membership.add': 'ADD_GROUP_MEMBER',
  'group.user_membership.remove': 'REMOVE_GROUP_MEMBER',
  'group.profile.update': 'CHANGE_GROUP_EMAIL',
  'group.lifecycle.delete': 'DELETE_GROUP',
};

/** By address, as it is now; a changed group is told by the address that it had. */
function auditEvent({ eventType, person, group, formerly }: Change): object | undefined {
  const name = names[eventType];
  if (name === undefined) return undefined;
  const parameters = [
    ...(person ? [{ name: 'USER_EMAIL', value: person.email }] : []),
    ...(group ? [{ name: 'GROUP_EMAIL', value: groupEmail(formerly ?? group.name) }] : []),
  ];
  return { type: person ? 'USER_SETTINGS' : 'GROUP_SETTINGS', name, parameters };
}

function showUser(person: Person): Record<string, unknown> {
  return {
    kind: 'admin#directory#user',
    id: subjectOf(person),
    primaryEmail: person.email,
    name: { fullName: person.name },
    suspended: person.status === 'SUSPENDED' || person.status === 'STAGED',
    archived: person.status === 'DEPROVISIONED',
    creationTime: person.created,
  };
}

function groupEmail(name: string): string {
  return `${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}@example.com`;
}

function groupId(id: string): string {
  return uuidOf(id).replaceAll('-', '').slice(0, 15);
}

function problem(code: number, message: string, reason: string): Answer {
  return { status: code, body: { error: { code, message, errors: [{ message, domain: 'global', reason }] } } };
}
