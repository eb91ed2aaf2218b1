/** Reads who somebody is, what the policy in force entitles them to, and what they were given. It writes nothing. */
import { Person, person } from '@gatehouse/contracts/records/person';
import { PolicyHead, policyHead } from '@gatehouse/contracts/records/policy';
import type { PolicyDocument } from '@gatehouse/rules/document';
import { Misconfigured } from '@gatehouse/runtime/fault';
import { documentOf } from '@gatehouse/runtime/policy-document';
import { get } from '@gatehouse/runtime/table';
import * as z from 'zod';
import { type Entitlement, entitlementsOf } from './entitlement.ts';
import { grantsOf } from './grant.dynamo.ts';
import { type GrantPlan, planOf } from './grant-plan.ts';

export const EntitledEnv = z.object({ TABLE_LIFECYCLE: z.string(), TABLE_PEOPLE: z.string(), TABLE_POLICY: z.string() });

export async function personOf({ TABLE_PEOPLE }: { TABLE_PEOPLE: string }, id: string): Promise<Person> {
  const row = await get(TABLE_PEOPLE, person.key(id));
  if (!row) throw new Misconfigured(`${id} is nobody here: the case names a person that was never admitted`);
  return Person.parse(row);
}

/** What they would be entitled to in these groups. */
export async function entitledIn(env: z.infer<typeof EntitledEnv>, id: string, groups: readonly string[]): Promise<Entitlement[]> {
  const [whom, document] = await Promise.all([personOf(env, id), documentInForce(env)]);
  return entitlementsOf(document, { person: id, email: whom.email, groups });
}

async function documentInForce({ TABLE_POLICY }: z.infer<typeof EntitledEnv>): Promise<PolicyDocument> {
  const head = PolicyHead.safeParse(await get(TABLE_POLICY, policyHead.key()));
  if (!head.success) throw new Misconfigured('No policy is in force: publish one (PUT /admin/policies), then redrive');
  return documentOf(head.data.version, TABLE_POLICY);
}

/** As the records have it now. Whoever is not here is entitled to nothing. */
export async function planFor(env: z.infer<typeof EntitledEnv>, id: string): Promise<GrantPlan> {
  const [whom, held, document] = await Promise.all([personOf(env, id), grantsOf(env.TABLE_LIFECYCLE, id), documentInForce(env)]);
  const entitled = whom.status === 'active' ? entitlementsOf(document, { person: id, email: whom.email, groups: whom.groups }) : [];
  return planOf(entitled, held);
}
