/** What the policy in force says for a person, by the groups at their gate. Reads records of others; writes none. */
import { Gate, gate } from '@gatehouse/contracts/records/gate';
import { PolicyHead, PolicyVersion, policyHead, policyVersion } from '@gatehouse/contracts/records/policy';
import { PolicyDocument } from '@gatehouse/rules/document';
import { type Effective, resolve } from '@gatehouse/rules/resolve';
import { get } from '@gatehouse/runtime/table';

const documents = new Map<number, PolicyDocument>();

/** Undefined for somebody without a gate, or while no policy is published. */
export async function effectiveFor(tables: { access: string; policy: string }, person: string): Promise<Effective | undefined> {
  const [door, head] = await Promise.all([get(tables.access, gate.key(person)), get(tables.policy, policyHead.key())]);
  if (!door || !head) return undefined;
  const { groups, email } = Gate.parse(door);
  return resolve(await documentOf(PolicyHead.parse(head).version, tables.policy), { person, email, groups });
}

/** A version is immutable: read once an environment. */
async function documentOf(version: number, table: string): Promise<PolicyDocument> {
  const known = documents.get(version);
  if (known) return known;
  const row = PolicyVersion.parse(await get(table, policyVersion.key(version)));
  const document = PolicyDocument.parse(JSON.parse(row.document));
  documents.clear();
  documents.set(version, document);
  return document;
}
