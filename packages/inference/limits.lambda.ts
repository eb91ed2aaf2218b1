/** `/v1/organizations/spend_limits...`: spend limits set by hand, beside the policy's budgets. Administrators only; unknown people and groups are errors. */
import { Alias, alias } from '@gatehouse/contracts/records/alias';
import { Gate, gate } from '@gatehouse/contracts/records/gate';
import { Person, person } from '@gatehouse/contracts/records/person';
import { PersonId } from '@gatehouse/core/ids';
import { usedBy } from '@gatehouse/ledger/budget.dynamo';
import { dayOf } from '@gatehouse/ledger/entry';
import { readLimits } from '@gatehouse/ledger/reserve.dynamo';
import { type Period, periodStart, periods } from '@gatehouse/ledger/rows';
import type { LimitScope } from '@gatehouse/ledger/spend-limit';
import { changeLimit, limitById, listChanges, listLimits } from '@gatehouse/ledger/spend-limit.dynamo';
import type { PolicyDocument } from '@gatehouse/rules/document';
import { resolve } from '@gatehouse/rules/resolve';
import { type Call, http, type Reply, type Request } from '@gatehouse/runtime/http';
import { documentOf } from '@gatehouse/runtime/policy-document';
import { get, query } from '@gatehouse/runtime/table';
import { apiError, apiWire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { centsOf, changeBody, isScopeType, LimitRequest, limitBody, microsOf, sourceOf } from './limits.ts';
import { surface } from './surface.ts';

export const env = z.object({
  TABLE_USAGE: z.string().min(1),
  TABLE_ACCESS: z.string().min(1),
  TABLE_POLICY: z.string().min(1),
  TABLE_PEOPLE: z.string().min(1),
});
type Env = z.infer<typeof env>;

const noStore = { 'cache-control': 'no-store' };
const mostAtOnce = 50;

export const handler = http(
  { surface, env, wire: apiWire },
  {
    'set-limit': async (request, call) => {
      const said = request.json();
      const parsed = LimitRequest.safeParse(said.ok ? said.value : undefined);
      if (!parsed.success) return wrong(request, 400, `The limit is not one: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`);
      const { scope: asked, amount, period, reason = null } = parsed.data;
      if (amount === null && asked.type !== 'user')
        return wrong(request, 400, 'amount: null lifts limits for one user; for others take the limit away');
      const scope = await knownScope(asked, call, request);
      if ('status' in scope) return scope;
      const actor = `oidc:${call.caller.person}`;
      const amountMicros = amount === null ? null : microsOf(amount);
      const { after } = await changeLimit(call.env.TABLE_USAGE, { scope, period, amountMicros, actor, reason });
      return { status: 200, body: after ? limitBody(after) : {} };
    },

    'list-limits': async ({ query: asked }, { env }) => {
      const type = asked.get('scope_type');
      const after = asked.get('after_id');
      const limit = Math.min(Math.max(1, Number(asked.get('limit')) || 20), 1_000);
      const all = (await listLimits(env.TABLE_USAGE)).filter(({ scope }) => type === null || !isScopeType(type) || scope.type === type);
      const rest = after === null ? all : all.slice(all.findIndex(({ id }) => id === after) + 1);
      const data = rest.slice(0, limit).map(limitBody);
      const ids = rest.slice(0, limit).map(({ id }) => id);
      return {
        status: 200,
        headers: noStore,
        body: { data, has_more: rest.length > limit, first_id: ids[0] ?? null, last_id: ids.at(-1) ?? null },
      };
    },

    'read-limit': async (request, { env }) => {
      const found = await limitById(env.TABLE_USAGE, request.pathParameters.id ?? '');
      return found ? { status: 200, headers: noStore, body: limitBody(found) } : unknownLimit(request);
    },

    'delete-limit': async (request, { env, caller }) => {
      const found = await limitById(env.TABLE_USAGE, request.pathParameters.id ?? '');
      if (!found) return unknownLimit(request);
      const { scope, period, id } = found;
      await changeLimit(env.TABLE_USAGE, { scope, period, amountMicros: undefined, actor: `oidc:${caller.person}`, reason: null });
      return { status: 200, body: { type: 'spend_limit_deleted', id } };
    },

    'limit-changes': async ({ query: asked }, { env }) => {
      const limit = Math.min(Math.max(1, Number(asked.get('limit')) || 100), 1_000);
      const changes = await listChanges(env.TABLE_USAGE, limit + 1);
      return { status: 200, headers: noStore, body: { data: changes.slice(0, limit).map(changeBody), has_more: changes.length > limit } };
    },

    'effective-limits': async (request, call) => {
      const wanted = request.query.getAll('user_ids[]');
      if (wanted.length === 0 || wanted.length > mostAtOnce)
        return wrong(request, 400, `Name one to ${mostAtOnce} people: user_ids[]=per_... or an e-mail`);
      const chosen = request.query.getAll('period[]');
      const data: Record<string, unknown>[] = [];
      for (const one of wanted) {
        const id = await personOf(one, call.env, request);
        if (typeof id !== 'string') return id;
        data.push(...(await effectiveRows(id, chosen.length > 0 ? periods.filter((period) => chosen.includes(period)) : periods, call)));
      }
      return { status: 200, headers: noStore, body: { data, next_page: null } };
    },
  },
);

/** A limit that matches nobody would be a silent hole. */
async function knownScope(scope: LimitScope, { env, caller }: Call<Env>, request: Request): Promise<LimitScope | Reply> {
  if (scope.type === 'organization') return scope;
  if (scope.type === 'user') {
    const id = await personOf(scope.user_id, env, request);
    return typeof id === 'string' ? { type: 'user', user_id: id } : id;
  }
  const named = caller.policy && groupsIn(await documentOf(caller.policy.version, env.TABLE_POLICY)).has(scope.rbac_group_id);
  return named ? scope : wrong(request, 404, `The policy names no group "${scope.rbac_group_id}": its limit would bind nobody.`);
}

function groupsIn({ policies }: PolicyDocument): Set<string> {
  return new Set(policies.flatMap(({ match }) => match.groups ?? []));
}

async function personOf(said: string, { TABLE_PEOPLE }: Env, request: Request): Promise<string | Reply> {
  if (!said.includes('@')) {
    const known = PersonId.safeParse(said).success && (await get(TABLE_PEOPLE, person.key(said)));
    return known ? said : wrong(request, 404, `Nobody here is "${said}": write an id like per_..., or an e-mail.`);
  }
  const aliases = (await query(TABLE_PEOPLE, alias.key(said, '').pk)).map((row) => Alias.parse(row));
  const [first, ...more] = aliases;
  if (!first) return wrong(request, 404, `Nobody here has the e-mail "${said}".`);
  if (more.length > 0) return wrong(request, 409, `Several people have this e-mail: ${aliases.map((one) => one.person).join(', ')}`);
  return first.person;
}

async function effectiveRows(id: string, chosen: readonly Period[], { env, caller, now }: Call<Env>): Promise<Record<string, unknown>[]> {
  const [personRow, gateRow] = await Promise.all([get(env.TABLE_PEOPLE, person.key(id)), get(env.TABLE_ACCESS, gate.key(id))]);
  const who = Person.parse(personRow);
  const groups = gateRow ? Gate.parse(gateRow).groups : who.groups;
  const document = caller.policy && (await documentOf(caller.policy.version, env.TABLE_POLICY));
  const budgets = document ? resolve(document, { person: id, email: who.email, groups }).budgets : [];
  const limits = await readLimits(env.TABLE_USAGE, { person: id, groups, budgets, nowMs: now });
  const actor = { type: 'user_actor', user_id: id, name: who.name, email_address: who.email, deleted: who.status === 'left' };
  return Promise.all(
    chosen.map(async (period) => {
      const limit = limits.find(({ budget }) => budget.scope === 'person' && budget.period === period);
      const spent = limit?.usedMicros ?? (await usedBy(env.TABLE_USAGE, id, period, periodStart(period, dayOf(now))));
      return {
        scope: { type: 'user', user_id: id },
        groups: [...groups],
        actor,
        amount: limit ? centsOf(limit.budget.amount_micros) : null,
        currency: 'USD',
        period,
        source: limit ? sourceOf(limit) : null,
        period_to_date_spend: centsOf(spent),
      };
    }),
  );
}

function unknownLimit(request: Request): Reply {
  return wrong(request, 404, 'There is no such spend limit.');
}

function wrong(request: Request, status: 400 | 404 | 409, message: string): Reply {
  const types = { 400: 'invalid_request_error', 404: 'not_found_error', 409: 'invalid_request_error' } as const;
  return apiError(status, types[status], message, request.requestId);
}
