/** Whether the policy in force admits a person. Read with each question: an entitlement is never guessed from an old version. */
import { PolicyHead, policyHead } from '@gatehouse/contracts/records/policy';
import { resolve } from '@gatehouse/rules/resolve';
import { Misconfigured } from '@gatehouse/runtime/fault';
import { documentOf } from '@gatehouse/runtime/policy-document';
import { get } from '@gatehouse/runtime/table';

/** @param table policy's. */
export async function isEntitled(table: string, subject: { person: string; email: string; groups: readonly string[] }): Promise<boolean> {
  const head = PolicyHead.safeParse(await get(table, policyHead.key()));
  // Without a policy everybody would seem to have lost theirs: that is a deployment to mend, not a wave of leavers.
  if (!head.success) throw new Misconfigured('No policy is in force: publish one (PUT /admin/policies), then redrive');
  return resolve(await documentOf(head.data.version, table), subject).admitted;
}
