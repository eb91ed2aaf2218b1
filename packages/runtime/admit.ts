/**
 * The only place that checks our access tokens. `session` and `admin` read gate, session and policy head in one consistent call;
 * `polled` trusts the revocation log. When state is unknown it refuses: access fails closed.
 */
import { Gate, gate } from '@gatehouse/contracts/records/gate';
import { PolicyHead, policyHead } from '@gatehouse/contracts/records/policy';
import { Session, session } from '@gatehouse/contracts/records/session';
import type { AdmissionRefusal } from '@gatehouse/contracts/refusal';
import type { Admission, Scope } from '@gatehouse/contracts/surface';
import { type AccessClaims, checkAccessToken } from '@gatehouse/core/access-token';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import { moneyKeys } from '@gatehouse/ledger/reserve';
import { type Effective, resolve, type Subject } from '@gatehouse/rules/resolve';
import { log } from './log.ts';
import { documentOf } from './policy-document.ts';
import { revokedSince } from './revocations.ts';
import { getMany, type Item } from './table.ts';
import { trustedKeys } from './trust.ts';

export interface Caller {
  person: string;
  session: string;
  epoch: number;
  scopes: readonly string[];
  /** The rest is read with the session: empty on polled routes. */
  groups: readonly string[];
  email: string;
  name: string;
  /** What signed in: claude_code, exchange, agent, service. */
  client: string;
  /** As the token says; of a service, the name of its rule. */
  clientId?: string;
  policy: { version: number; effective: Effective } | undefined;
  /** For inference: what `moneyKeys` of the ledger names, in its order, read in the same call. */
  money?: readonly (Item | undefined)[];
  /** Speaks for others: its ingest key may say, per resource, whose usage it sends. */
  relays?: boolean;
}

/** Who calls a route that admits everyone. */
export const nobody: Caller = {
  person: '',
  session: '',
  epoch: 0,
  scopes: [],
  groups: [],
  email: '',
  name: '',
  client: '',
  policy: undefined,
};

type Admitted = Result<Caller, AdmissionRefusal>;

const everyScope: readonly Scope[] = ['policy', 'otlp', 'inference', 'usage'];

/** @param admission of the route. @param token as sent, undefined when none was. @param nowMs milliseconds. */
export async function admit(admission: Exclude<Admission, 'none'>, token: string | undefined, nowMs: number): Promise<Admitted> {
  if (token === undefined) return refuse({ reason: 'no_token' });
  const [kind, scope] = admission.split(':');
  if (kind !== 'session' && kind !== 'polled' && kind !== 'admin') throw new TypeError(`No way to admit by ${admission}`);
  try {
    const claims = await verify(token, nowMs);
    if (!claims.ok) return claims;
    const held = claims.value.scope.split(' ');
    if (scope && !held.includes(scope)) return refuse({ reason: 'insufficient_scope', needed: scope, held });
    const { sub: person, sid: session, epoch, client_id: clientId } = claims.value;
    const caller = { person, session, epoch, scopes: held, clientId };
    if (kind === 'polled') return await admitPolled(caller, nowMs);
    const admitted = await admitSession(caller, scope === 'inference' ? nowMs : undefined);
    if (!admitted.ok || kind === 'session') return admitted;
    // An administrator's narrowed token, or a build that acts for one, was given for less than this.
    const missing = everyScope.find((one) => !held.includes(one));
    if (missing !== undefined) return refuse({ reason: 'insufficient_scope', needed: missing, held });
    const administers = admitted.value.client !== 'service' && admitted.value.policy?.effective.administers === true;
    return administers ? admitted : refuse({ reason: 'not_admin', person: caller.person });
  } catch (error) {
    if (!(error instanceof Error) || (error.name !== 'Unavailable' && error.name !== 'Throttled')) throw error;
    log.warn('admission state unknown', { error });
    return refuse({ reason: 'state_unknown', detail: error.message });
  }
}

async function verify(token: string, nowMs: number): Promise<Result<AccessClaims, AdmissionRefusal>> {
  const issuer = origin();
  const nowSeconds = Math.floor(nowMs / 1000);
  const first = checkAccessToken(token, { issuer, audience: issuer, keys: await trustedKeys(nowMs) }, nowSeconds);
  if (first.ok || first.refusal.reason !== 'unknown_key') return first;
  return checkAccessToken(token, { issuer, audience: issuer, keys: await trustedKeys(nowMs, { again: true }) }, nowSeconds);
}

type Bare = Pick<Caller, 'person' | 'session' | 'epoch' | 'scopes' | 'clientId'>;

async function admitPolled(caller: Bare, nowMs: number): Promise<Admitted> {
  const revoked = await revokedSince(nowMs);
  if (!revoked.ok) return revoked;
  const floor = revoked.value.epochs.get(caller.person);
  if (floor !== undefined && caller.epoch < floor)
    return refuse({ reason: 'stale_epoch', person: caller.person, epoch: caller.epoch, current: floor });
  if (revoked.value.sessions.has(caller.session)) return refuse({ reason: 'session_ended', session: caller.session });
  return ok({ ...nobody, ...caller });
}

/** Whether somebody who was admitted for inference still is: the same one read, while a stream is open. Throws Unavailable and Throttled. */
export function admitAgain({ person, session, epoch, scopes, clientId }: Caller, nowMs: number): Promise<Admitted> {
  return admitSession({ person, session, epoch, scopes, ...(clientId !== undefined && { clientId }) }, nowMs);
}

/** @param moneyAt the moment for which money is read as well; undefined where none is needed. */
async function admitSession(caller: Bare, moneyAt: number | undefined): Promise<Admitted> {
  const access = tableOf('ACCESS');
  const policy = tableOf('POLICY');
  const usage = tableOf('USAGE');
  const [gateRow, sessionRow, headRow, ...money] = await getMany([
    { table: access, key: gate.key(caller.person) },
    { table: access, key: session.key(caller.session) },
    { table: policy, key: policyHead.key() },
    ...(moneyAt === undefined ? [] : moneyKeys(caller.person, moneyAt).map((key) => ({ table: usage, key }))),
  ]);
  const door = Gate.safeParse(gateRow);
  const live = Session.safeParse(sessionRow);
  if (!door.success) return refuse({ reason: 'gate_shut', person: caller.person, because: 'no gate' });
  if (door.data.state === 'shut') return refuse({ reason: 'gate_shut', person: caller.person, because: door.data.reason ?? 'shut' });
  if (caller.epoch < door.data.epoch)
    return refuse({ reason: 'stale_epoch', person: caller.person, epoch: caller.epoch, current: door.data.epoch });
  if (!live.success || live.data.state === 'ended' || live.data.person !== caller.person)
    return refuse({ reason: 'session_ended', session: caller.session });
  const { groups, email, name } = door.data;
  const head = PolicyHead.safeParse(headRow);
  const known = { ...caller, groups, email, name, client: live.data.client };
  const effective = head.success && resolve(await documentOf(head.data.version, policy), subjectOf(known));
  if (!effective || effective.admitted === false) return refuse({ reason: 'not_entitled', person: caller.person, groups });
  return ok({ ...known, policy: { version: head.data.version, effective }, money });
}

/** Whom the policy is resolved for: the person, the service that acts for them, and what it signed in from. */
export function subjectOf({ person, email, groups, client, clientId }: Omit<Caller, 'policy'>): Subject {
  return { person, email, groups, service: client === 'service' ? clientId : undefined, environment: client };
}

/** Our own issuer and audience: the gateway's origin, which every function carries. */
function origin(): string {
  return process.env.PUBLIC_URL ?? '';
}

function tableOf(capability: string): string {
  return process.env[`TABLE_${capability}`] ?? '';
}
