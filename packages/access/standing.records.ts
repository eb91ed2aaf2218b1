/** Reads how a person stands: who they are in the directory's record, and whether the policy in force admits them. Writes nothing. */

import { Gate, gate } from '@gatehouse/contracts/records/gate';
import { Identity, identity } from '@gatehouse/contracts/records/identity';
import { Person, person } from '@gatehouse/contracts/records/person';
import { PolicyHead, policyHead } from '@gatehouse/contracts/records/policy';
import { Session, session } from '@gatehouse/contracts/records/session';
import { admitPerson } from '@gatehouse/contracts/steps/people';
import type { AccessConfig } from '@gatehouse/core/access-profile';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import { type Effective, resolve } from '@gatehouse/rules/resolve';
import { callStep } from '@gatehouse/runtime/call';
import { documentOf } from '@gatehouse/runtime/policy-document';
import { get, getMany, type Item } from '@gatehouse/runtime/table';
import { memberGroups } from './entra.graph.ts';
import type { Standing } from './gate.ts';
import type { Subject } from './issuer.ts';
import type { SignInRefusal } from './refusal.ts';

export interface Records {
  TABLE_PEOPLE: string;
  TABLE_POLICY: string;
}

/** What it takes to make somebody known. */
export interface Admitting extends Records {
  CONFIG: AccessConfig;
  STEP_ADMIT_PERSON_ARN: string;
  SECRET_ENTRA_GRAPH_ARN: string;
}

/** Whom a verified subject is. People whom no record knows yet, and all whose status lies in their token, are asked of the step that admits. */
export async function standingOfSubject(env: Admitting, who: Subject): Promise<Result<Standing, SignInRefusal>> {
  const { issuer, subject } = who;
  if (issuer.directory) {
    const known = Identity.safeParse(await get(env.TABLE_PEOPLE, identity.key(issuer.issuer, subject)));
    if (known.success) return standingOf(env, known.data.person);
  }
  const claims = await wholeClaims(env, who);
  if (!claims.ok) return claims;
  const answer = await callStep(admitPerson, env.STEP_ADMIT_PERSON_ARN, { issuer: issuer.issuer, subject, claims: claims.value });
  switch (answer.outcome) {
    case 'unknown':
      return refuse({ reason: 'unknown_person', issuer: issuer.issuer });
    case 'ambiguous':
      return refuse({ reason: 'ambiguous_person', people: answer.people.length });
    case 'known':
      return active({ ...answer });
  }
}

/** Where the token is the truth about groups, it must be the whole truth: a policy judged by half a list could forbid too little. */
async function wholeClaims(env: Admitting, { issuer, claims, groupsLeftOut }: Subject): Promise<Result<Subject['claims'], SignInRefusal>> {
  if (issuer.directory || !groupsLeftOut) return ok(claims);
  const { detail, entra } = groupsLeftOut;
  if (!entra || !issuer.graph) return refuse({ reason: 'groups_unknown', detail });
  const options = { secretArn: env.SECRET_ENTRA_GRAPH_ARN, allowLoopbackHttp: env.CONFIG.allow_loopback_http };
  return ok({ ...claims, groups: await memberGroups(issuer.graph, entra, options) });
}

/** By the directory's record. */
export async function standingOf(env: Records, id: string): Promise<Result<Standing, SignInRefusal>> {
  return standingIn(id, await get(env.TABLE_PEOPLE, person.key(id)));
}

function standingIn(id: string, item: Item | undefined): Result<Standing, SignInRefusal> {
  const row = Person.safeParse(item);
  if (!row.success) return refuse({ reason: 'not_active', person: id, status: 'no record' });
  const { status, generation, groups, email, name } = row.data;
  return active({ person: id, status, generation, groups, email, name });
}

function active({ person, status, generation, groups, email, name }: Standing): Result<Standing, SignInRefusal> {
  if (status !== 'active') return refuse({ reason: 'not_active', person, status });
  return ok({ person, status, generation, groups, email, name });
}

/** Nobody is admitted by default: a policy must match the person. */
export async function entitled(env: Records, standing: Standing): Promise<Result<Standing, SignInRefusal>> {
  return entitledUnder(await get(env.TABLE_POLICY, policyHead.key()), env, standing);
}

async function entitledUnder(item: Item | undefined, env: Records, standing: Standing): Promise<Result<Standing, SignInRefusal>> {
  const effective = await effectiveUnder(item, env, standing);
  if (!effective) return refuse({ reason: 'no_policy' });
  return effective.admitted ? ok(standing) : refuse({ reason: 'not_entitled', person: standing.person, groups: standing.groups });
}

/** Whether the policy in force makes somebody an administrator. */
export async function administers(env: Records, standing: Standing): Promise<boolean> {
  return (await effectiveUnder(await get(env.TABLE_POLICY, policyHead.key()), env, standing))?.administers === true;
}

async function effectiveUnder(item: Item | undefined, env: Records, standing: Standing): Promise<Effective | undefined> {
  const head = PolicyHead.safeParse(item);
  const document = head.success ? await documentOf(head.data.version, env.TABLE_POLICY) : undefined;
  const { person: id, email, groups } = standing;
  return document && resolve(document, { person: id, email, groups });
}

export interface State {
  gate: Gate | undefined;
  session: Session | undefined;
  /** Active and entitled, or why not. */
  standing: Result<Standing, SignInRefusal>;
}

/** All that decides whether somebody who is signed in stays so, in one consistent call. */
export async function readState(env: Records & { TABLE_ACCESS: string }, id: string, sessionId: string): Promise<State> {
  const [gateRow, sessionRow, personRow, headRow] = await getMany([
    { table: env.TABLE_ACCESS, key: gate.key(id) },
    { table: env.TABLE_ACCESS, key: session.key(sessionId) },
    { table: env.TABLE_PEOPLE, key: person.key(id) },
    { table: env.TABLE_POLICY, key: policyHead.key() },
  ]);
  const standing = standingIn(id, personRow);
  return {
    gate: gateRow && Gate.parse(gateRow),
    session: sessionRow && Session.parse(sessionRow),
    standing: standing.ok ? await entitledUnder(headRow, env, standing.value) : standing,
  };
}
