/** What the policy in force says for a person, by the groups at their gate. Reads records of others; writes none. */
import { Gate, gate } from '@gatehouse/contracts/records/gate';
import { PolicyHead, policyHead } from '@gatehouse/contracts/records/policy';
import { type Effective, resolve } from '@gatehouse/rules/resolve';
import { documentOf } from '@gatehouse/runtime/policy-document';
import { get } from '@gatehouse/runtime/table';

/** Undefined for somebody without a gate, or while no policy is published. */
export async function effectiveFor(
  tables: { access: string; policy: string },
  person: string,
): Promise<(Effective & { groups: readonly string[] }) | undefined> {
  const [door, head] = await Promise.all([get(tables.access, gate.key(person)), get(tables.policy, policyHead.key())]);
  if (!door || !head) return undefined;
  const { groups, email } = Gate.parse(door);
  return { ...resolve(await documentOf(PolicyHead.parse(head).version, tables.policy), { person, email, groups }), groups };
}
