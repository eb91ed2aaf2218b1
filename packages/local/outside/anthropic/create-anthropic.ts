/** The part of Anthropic's Admin API that takes a seat away: members, invites, API keys, under `/anthropic/v1/organizations`. Serves no model. */
import type { Clock } from '../../clock.ts';
import { type Answer, type Call, type Handler, isRecord, Refused, type Route, route } from '../http.ts';
import { createRateLimiter, type Tally } from '../rate-limit.ts';
import { createSnapshot } from '../snapshot.ts';
import { problem } from './refusal.ts';
import { type AnthropicState, type ApiKey, type Invite, type Member, seeded, taggedId } from './state.ts';
import { createReports } from './usage-report.ts';

export interface AnthropicOptions {
  adminKey: string;
  /** Members come and go by SCIM or by signing in: the API then refuses to remove one. Off unless told. */
  managedMembership?: boolean;
  /** 1 is Anthropic's own limit on member calls, 100 a minute. */
  rateMultiplier?: number;
}

export interface Anthropic {
  routes: readonly Route[];
  /** Turns when the first state has been saved. */
  ready: Promise<void>;
}

export const memberCallsPerMinute = 100;
const inviteDays = 21;
/** Roles that this API changes for nobody. */
const fixedRoles = ['admin', 'owner', 'primary_owner', 'membership_admin'];
const assignableRoles = ['user', 'developer', 'billing', 'claude_code_user'];

export function createAnthropic(
  options: AnthropicOptions,
  context: { clock: Clock; people: readonly { email: string; name: string }[]; dataFolder?: string; tally?: Tally },
): Anthropic {
  const { clock } = context;
  const snapshot = createSnapshot(context.dataFolder, 'outside-anthropic.json', () => state);
  const saved = parseSaved(snapshot.load());
  const state = saved ?? seeded(context.people, clock.now());
  const count = createRateLimiter(() => clock.now(), options.rateMultiplier ?? 1, context.tally);

  function guarded(handler: Handler, perMinute?: number): Handler {
    return (call) => {
      if (call.headers['x-api-key'] !== options.adminKey) return problem(401, 'authentication_error', 'invalid x-api-key');
      if (typeof call.headers['anthropic-version'] !== 'string')
        return problem(400, 'invalid_request_error', 'anthropic-version: header is required');
      // Told, and refused for none: the API names a limit on member calls alone.
      count('anthropic admin', memberCallsPerMinute);
      if (perMinute !== undefined) {
        const rate = count('members', perMinute);
        if (rate.exceeded) {
          const seconds = Math.max(1, Math.ceil(rate.reset - clock.now() / 1000));
          const refused = problem(429, 'rate_limit_error', 'Number of requests has exceeded the rate limit');
          return { ...refused, headers: { ...refused.headers, 'retry-after': String(seconds) } };
        }
      }
      return handler(call);
    };
  }

  function member(call: Call): Member {
    return found(state.members, call, 'User');
  }

  async function removeMember(call: Call): Promise<Answer> {
    const leaver = member(call);
    if (options.managedMembership)
      throw refuse(400, 'invalid_request_error', 'Members of this organization are managed by its identity provider');
    if (fixedRoles.includes(leaver.role))
      throw refuse(400, 'invalid_request_error', `A member with the role ${leaver.role} cannot be removed by this API`);
    state.members = state.members.filter((one) => one !== leaver);
    for (const key of state.keys) if (key.principal?.user_id === leaver.id) key.status = 'archived';
    await snapshot.save();
    return { status: 200, body: { id: leaver.id, type: 'user_deleted' } };
  }

  async function changeMember(call: Call): Promise<Answer> {
    const changed = member(call);
    const role = assignable(call.body.role);
    if (fixedRoles.includes(changed.role))
      throw refuse(400, 'invalid_request_error', `A member with the role ${changed.role} cannot be changed by this API`);
    changed.role = role;
    await snapshot.save();
    return { status: 200, body: changed };
  }

  async function invite(call: Call): Promise<Answer> {
    const { email } = call.body;
    if (typeof email !== 'string' || !email.includes('@')) throw refuse(400, 'invalid_request_error', 'email: is required');
    const role = assignable(call.body.role);
    if (options.managedMembership)
      throw refuse(400, 'invalid_request_error', 'Members of this organization are managed by its identity provider');
    if (state.members.some((one) => one.email.toLowerCase() === email.toLowerCase()))
      throw refuse(400, 'invalid_request_error', `${email} is a member already`, 'already_member');
    if (state.invites.some((one) => one.status === 'pending' && one.email.toLowerCase() === email.toLowerCase())) {
      throw refuse(400, 'invalid_request_error', `${email} has been invited already`, 'invite_already_exists');
    }
    const made: Invite = {
      id: taggedId('invite'),
      email,
      role,
      type: 'invite',
      status: 'pending',
      invited_at: new Date(clock.now()).toISOString(),
      accepted_at: null,
      expires_at: new Date(clock.now() + inviteDays * 24 * 3600 * 1000).toISOString(),
      rbac_group_ids: [],
    };
    state.invites.push(made);
    await snapshot.save();
    return { status: 200, body: made };
  }

  async function withdrawInvite(call: Call): Promise<Answer> {
    const withdrawn = found(
      state.invites.filter((one) => one.status !== 'deleted'),
      call,
      'Invite',
    );
    withdrawn.status = 'deleted';
    await snapshot.save();
    return { status: 200, body: { id: withdrawn.id, type: 'invite_deleted' } };
  }

  function listKeys(call: Call): Answer {
    const matches = (key: ApiKey) =>
      [
        [call.query.get('created_by_user_id'), key.created_by.id],
        [call.query.get('status'), key.status],
        [call.query.get('workspace_id'), key.scope.workspace_id],
      ].every(([wanted, actual]) => wanted === null || wanted === actual);
    return page(call, state.keys.filter(matches));
  }

  /** Archived is the end: an archived key changes no more. */
  async function changeKey(call: Call): Promise<Answer> {
    const key = found(state.keys, call, 'API key');
    const { status, name } = call.body;
    if (key.status === 'archived') throw refuse(400, 'invalid_request_error', 'An archived API key cannot be changed');
    if (status !== undefined && status !== 'active' && status !== 'inactive' && status !== 'archived')
      throw refuse(400, 'invalid_request_error', 'status: is active, inactive or archived');
    key.status = status ?? key.status;
    if (typeof name === 'string') key.name = name;
    await snapshot.save();
    return { status: 200, body: key };
  }

  const members = (handler: Handler) => guarded(handler, memberCallsPerMinute);
  const routes: Route[] = [
    route(
      'GET',
      '/users',
      members((call) =>
        page(
          call,
          state.members.filter((one) => isLike(call, one.email)),
        ),
      ),
    ),
    route(
      'GET',
      '/users/:id',
      members((call) => ({ status: 200, body: member(call) })),
    ),
    route('POST', '/users/:id', members(changeMember)),
    route('DELETE', '/users/:id', members(removeMember)),
    route(
      'GET',
      '/invites',
      guarded((call) =>
        page(
          call,
          state.invites.filter((one) => one.status !== 'deleted' && isLike(call, one.email)).map((one) => aged(one, clock.now())),
        ),
      ),
    ),
    route('POST', '/invites', guarded(invite)),
    route('DELETE', '/invites/:id', guarded(withdrawInvite)),
    route('GET', '/api_keys', guarded(listKeys)),
    route(
      'GET',
      '/api_keys/:id',
      guarded((call) => ({ status: 200, body: found(state.keys, call, 'API key') })),
    ),
    route('POST', '/api_keys/:id', guarded(changeKey)),
  ];
  const prefixed = routes.map((one) => ({ ...one, pattern: `/v1/organizations${one.pattern}` }));
  return {
    routes: [...prefixed, ...createReports(clock, (report) => members(report))],
    ready: saved ? Promise.resolve() : snapshot.save(),
  };
}

function refuse(status: number, type: string, message: string, errorCode?: string): Refused {
  return new Refused(problem(status, type, message, errorCode));
}

function found<Item extends { id: string }>(items: readonly Item[], call: Call, what: string): Item {
  const item = items.find((one) => one.id === call.params.id);
  if (!item) throw refuse(404, 'not_found_error', `${what} not found`);
  return item;
}

function assignable(role: unknown): string {
  if (typeof role !== 'string' || !assignableRoles.includes(role))
    throw refuse(400, 'invalid_request_error', `role: is one of ${assignableRoles.join(', ')}`);
  return role;
}

/** The filter by e-mail is tolerant: it looks past case and plus-tags, so an answer may be somebody else. */
function isLike(call: Call, email: string): boolean {
  const wanted = call.query.get('email');
  const plain = (address: string) => address.toLowerCase().replace(/\+[^@]*@/, '@');
  return wanted === null || plain(wanted) === plain(email);
}

function aged(invite: Invite, now: number): Omit<Invite, 'status'> & { status: string } {
  return invite.status === 'pending' && Date.parse(invite.expires_at) <= now ? { ...invite, status: 'expired' } : invite;
}

function page(call: Call, items: readonly { id: string }[]): Answer {
  const limit = Number(call.query.get('limit') ?? 20);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw refuse(400, 'invalid_request_error', 'limit: is between 1 and 1000');
  const after = call.query.get('after_id');
  const start = after === null ? 0 : items.findIndex((item) => item.id === after) + 1;
  const data = items.slice(start, start + limit);
  return {
    status: 200,
    body: { data, has_more: start + limit < items.length, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null },
  };
}

function parseSaved(saved: unknown): AnthropicState | undefined {
  if (saved === undefined) return undefined;
  if (!isRecord(saved) || !Array.isArray(saved.members) || !Array.isArray(saved.invites) || !Array.isArray(saved.keys)) {
    throw new Error('The saved Anthropic state is not one that this stack wrote; start with --fresh');
  }
  return { members: saved.members, invites: saved.invites, keys: saved.keys };
}
