/** The read side of Okta's management API that a directory reader calls: users, groups, System Log. Changes nothing. */
import { timingSafeEqual } from 'node:crypto';
import { type Answer, type Call, type Handler, Refused, type Route, route, type System } from '../outside/http.ts';
import { createRateLimiter, type Tally } from '../outside/rate-limit.ts';
import { type Directory, type Group, homeOf, type Person } from './directory.ts';
import { parseSearch } from './okta-search.ts';
import { type LogEntry, logEvent, type SystemLog } from './system-log.ts';

export interface OktaOptions {
  directory: Directory;
  log: SystemLog;
  now(): number;
  /** `http://127.0.0.1:<port>`, for links. */
  origin(): string;
  /** The API token; sent as `Authorization: SSWS <token>`. */
  token: string;
  /** 1 is Okta's own number of calls a minute. */
  rateMultiplier: number;
  tally?: Tally;
}

/** Okta's limits per minute of an Enterprise org, by kind of call. */
const perMinute = { user: 2000, users: 600, groups: 1000, logs: 120 };

export function oktaSystem(options: OktaOptions): System {
  const { directory, log, origin } = options;
  const count = createRateLimiter(() => options.now(), options.rateMultiplier, options.tally);

  function guarded(bucket: keyof typeof perMinute, handler: Handler): Handler {
    return async (call) => {
      if (!isToken(call, options.token)) return problem(401, 'E0000011', 'Invalid token provided');
      const rate = count(bucket, perMinute[bucket]);
      const headers = {
        'x-rate-limit-limit': String(rate.limit),
        'x-rate-limit-remaining': String(rate.remaining),
        'x-rate-limit-reset': String(rate.reset),
        date: new Date(options.now()).toUTCString(),
      };
      const answer = rate.exceeded
        ? problem(429, 'E0000047', 'API call exceeded rate limit due to too many requests.')
        : await attempt(handler, call);
      return { ...answer, headers: { ...answer.headers, ...headers } };
    };
  }

  function personOf(call: Call): Person {
    const asked = call.params.id ?? '';
    const person = directory.find(asked);
    if (!person || homeOf(person) !== 'okta') throw new Refused(problem(404, 'E0000007', `Not found: Resource not found: ${asked} (User)`));
    return person;
  }

  function showUser(person: Person): Record<string, unknown> {
    const [firstName = '', ...rest] = person.name.split(' ');
    return {
      id: person.id,
      status: person.status,
      created: person.created,
      activated: person.activated,
      statusChanged: person.statusChanged,
      lastLogin: null,
      lastUpdated: person.lastUpdated,
      passwordChanged: null,
      type: { id: 'oty0000000000000user' },
      profile: { firstName, lastName: rest.join(' '), mobilePhone: null, secondEmail: null, login: person.email, email: person.email },
      credentials: { provider: { type: 'OKTA', name: 'OKTA' } },
      _links: { self: { href: `${origin()}/api/v1/users/${person.id}` } },
    };
  }

  function showGroup(group: Group): Record<string, unknown> {
    return {
      id: group.id,
      created: group.created,
      lastUpdated: group.lastUpdated,
      lastMembershipUpdated: group.lastMembershipUpdated,
      objectClass: ['okta:user_group'],
      type: 'OKTA_GROUP',
      profile: { name: group.name, description: null },
      _links: { self: { href: `${origin()}/api/v1/groups/${group.id}` } },
    };
  }

  function listUsers(call: Call): Answer {
    const search = expression(call, 'search') ?? expression(call, 'filter');
    const starts = call.query.get('q')?.toLowerCase();
    // As in Okta, only a search or filter shows who is deprovisioned.
    const found = directory.people().filter((person) => {
      if (homeOf(person) !== 'okta') return false;
      if (search) return search((name) => attributeOf(person, name));
      if (starts) return [...person.name.split(' '), person.email].some((word) => word.toLowerCase().startsWith(starts));
      return person.status !== 'DEPROVISIONED';
    });
    return page(call, found, (person) => person.id, showUser, 200);
  }

  function listGroups(call: Call): Answer {
    const starts = call.query.get('q')?.toLowerCase();
    const found = directory.groups().filter((group) => !starts || group.name.toLowerCase().startsWith(starts));
    return page(call, found, (group) => group.id, showGroup, 10_000);
  }

  function listMembers(call: Call): Answer {
    const group = directory.groups().find((one) => one.id === call.params.id);
    if (!group) return problem(404, 'E0000007', `Not found: Resource not found: ${call.params.id} (UserGroup)`);
    const members = directory.people().filter((person) => homeOf(person) === 'okta' && person.groups.includes(group.id));
    return page(call, members, (person) => person.id, showUser, 1000);
  }

  /** Without `until` the list never ends: `next` stands also on an empty page, for polling. */
  function listLogs(call: Call): Answer {
    const filter = expression(call, 'filter');
    const [since, until] = [timeOf(call, 'since'), timeOf(call, 'until')];
    const matching = log.entries().filter((entry) => {
      if (since !== undefined && entry.published < since) return false;
      if (until !== undefined && entry.published >= until) return false;
      return !filter || filter((name) => ({ eventType: entry.eventType, 'actor.id': entry.actor.id, uuid: entry.uuid })[name]);
    });
    if (call.query.get('sortOrder') === 'DESCENDING') matching.reverse();
    return page(call, matching, (entry: LogEntry) => entry.uuid, logEvent, 1000, { usual: 100, polled: until === undefined });
  }

  /** Cursor paging by `after`, the last id already seen; the next page's address is in the Link header. */
  function page<Item>(
    call: Call,
    items: readonly Item[],
    idOf: (item: Item) => string,
    show: (item: Item) => unknown,
    most: number,
    log?: { usual: number; polled: boolean },
  ): Answer {
    const asked = Number(call.query.get('limit') ?? log?.usual ?? most);
    if (!Number.isInteger(asked) || asked < 1) return problem(400, 'E0000001', 'Api validation failed: limit');
    const limit = Math.min(asked, most);
    const after = call.query.get('after');
    const start = after === null ? 0 : items.findIndex((item) => idOf(item) === after) + 1;
    const shown = items.slice(start, start + limit);
    const last = shown.at(-1);
    const cursor = last ? idOf(last) : after;
    const links = [`<${address(call, after)}>; rel="self"`];
    const more = start + limit < items.length;
    if ((more || log?.polled) && cursor !== null) links.push(`<${address(call, cursor)}>; rel="next"`);
    return { status: 200, body: shown.map(show), headers: { link: links } };
  }

  function address(call: Call, after: string | null): string {
    const query = new URLSearchParams(call.query);
    if (after !== null) query.set('after', after);
    const text = query.toString();
    return origin() + call.path + (text ? `?${text}` : '');
  }

  const routes: Route[] = [
    route('GET', '/users', guarded('users', listUsers)),
    route(
      'GET',
      '/users/:id',
      guarded('user', (call) => ({ status: 200, body: showUser(personOf(call)) })),
    ),
    route(
      'GET',
      '/users/:id/groups',
      guarded('user', (call) => ({ status: 200, body: directory.groupsOf(personOf(call)).map(showGroup) })),
    ),
    route('GET', '/groups', guarded('groups', listGroups)),
    route('GET', '/groups/:id/users', guarded('groups', listMembers)),
    route('GET', '/logs', guarded('logs', listLogs)),
  ];
  return { prefix: '/api/v1', routes, refuse: (status, message) => problem(status, codeFor(status), message) };
}

async function attempt(handler: Handler, call: Call): Promise<Answer> {
  try {
    return await handler(call);
  } catch (refused) {
    if (refused instanceof Refused) return refused.answer;
    throw refused;
  }
}

function problem(status: number, errorCode: string, errorSummary: string): Answer {
  return { status, body: { errorCode, errorSummary, errorLink: errorCode, errorId: `oae${errorCode}`, errorCauses: [] } };
}

function codeFor(status: number): string {
  return { 401: 'E0000011', 403: 'E0000006', 404: 'E0000007', 405: 'E0000022', 429: 'E0000047', 500: 'E0000009' }[status] ?? 'E0000001';
}

function isToken(call: Call, token: string): boolean {
  const given = Buffer.from(call.headers.authorization ?? '');
  const wanted = Buffer.from(`SSWS ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function expression(call: Call, parameter: 'search' | 'filter') {
  const text = call.query.get(parameter);
  if (text === null) return undefined;
  const parsed = parseSearch(text);
  if (!parsed) throw new Refused(problem(400, 'E0000031', `Invalid search criteria. The ${parameter} "${text}" is not understood.`));
  return parsed;
}

function attributeOf(person: Person, name: string): string | undefined {
  const [firstName = '', ...rest] = person.name.split(' ');
  return {
    id: person.id,
    status: person.status,
    created: person.created,
    lastUpdated: person.lastUpdated,
    statusChanged: person.statusChanged,
    'profile.login': person.email,
    'profile.email': person.email,
    'profile.firstName': firstName,
    'profile.lastName': rest.join(' '),
  }[name];
}

function timeOf(call: Call, parameter: 'since' | 'until'): string | undefined {
  const text = call.query.get(parameter);
  if (text === null) return undefined;
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new Refused(problem(400, 'E0000001', `Api validation failed: ${parameter}`));
  return new Date(time).toISOString();
}
