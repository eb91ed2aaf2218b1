/** The policy document of a version, for every entry that resolves it: immutable, so it is fetched and parsed once an environment. */
import { PolicyVersion, policyVersion } from '@gatehouse/contracts/records/policy';
import { PolicyDocument } from '@gatehouse/rules/document';
import { once } from './environment.ts';
import { get } from './table.ts';

const documents = new Map<number, PolicyDocument>();

/** @param table the policy capability's. */
export async function documentOf(version: number, table: string): Promise<PolicyDocument> {
  const known = documents.get(version);
  if (known) return known;
  const row = PolicyVersion.parse(await get(table, policyVersion.key(version)));
  const document = PolicyDocument.parse(JSON.parse(row.document), once);
  documents.clear();
  documents.set(version, document);
  return document;
}
