/** The policy document of a version, for every entry that resolves it: immutable, so it is fetched and parsed once an environment. */
import { PolicyVersion, policyVersion } from '@gatehouse/contracts/records/policy';
import { PolicyDocument } from '@gatehouse/rules/document';
import { once } from './environment.ts';
import { get } from './table.ts';

let kept: { name: string; document: PolicyDocument } | undefined;

/** @param table the policy capability's. */
export async function documentOf(version: number, table: string): Promise<PolicyDocument> {
  const name = `${table} ${version}`;
  if (kept?.name === name) return kept.document;
  const row = PolicyVersion.parse(await get(table, policyVersion.key(version)));
  const document = PolicyDocument.parse(JSON.parse(row.document), once);
  kept = { name, document };
  return document;
}
