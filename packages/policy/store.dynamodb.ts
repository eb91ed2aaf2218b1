/**
 * The policy document in DynamoDB: immutable versions and a head that names the one in force. Key layout: `contracts/records/policy`.
 * Race: two publish on the same head. Each transaction puts its own version under `attribute_not_exists` and the head under the version
 * it was made from, so exactly one holds and the other is told which version stands. Validates nothing.
 */
import { PolicyHead, PolicyVersion, policyHead, policyVersion } from '@gatehouse/contracts/records/policy';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import { policyPublished } from '@gatehouse/events/policy-published';
import { PolicyDocument } from '@gatehouse/rules/document';
import { publish } from '@gatehouse/runtime/publish';
import { get, readPage, transact } from '@gatehouse/runtime/table';
import * as z from 'zod';
import { digest } from './canonical.ts';

/** The head, or version 0 before the first publication. */
export async function readHead(table: string): Promise<PolicyHead> {
  const row = await get(table, policyHead.key());
  return row ? PolicyHead.parse(row) : { version: 0, digest: '', published_at: '' };
}

export async function readVersion(table: string, version: number): Promise<PolicyVersion | undefined> {
  const row = await get(table, policyVersion.key(version));
  return row && PolicyVersion.parse(row);
}

const kept = 4;
const parsed = new Map<string, PolicyDocument>();

/** A version's document, parsed. Versions are immutable: each is fetched once an environment, the last few are kept. */
export async function documentAt(table: string, version: number): Promise<PolicyDocument | undefined> {
  const key = `${table} ${version}`;
  const known = parsed.get(key);
  if (known) return known;
  const row = await readVersion(table, version);
  if (!row) return undefined;
  const document = PolicyDocument.parse(JSON.parse(row.document));
  for (const oldest of [...parsed.keys()].slice(0, Math.max(0, parsed.size - kept + 1))) parsed.delete(oldest);
  parsed.set(key, document);
  return document;
}

export interface Publication {
  document: PolicyDocument;
  /** A person's id, or what deployed. */
  author: string;
  reason: string;
  /** The version this was made from; 0: there is none yet. */
  ifVersion: number;
  /** RFC 3339. */
  at: string;
}

/** Version, head and fact in one transaction. Idempotent by `ifVersion`: a repeat finds the head moved on. */
export async function publishVersion(
  table: string,
  publication: Publication,
): Promise<Result<PolicyHead, { reason: 'stale'; version: number }>> {
  const { document, author, reason, ifVersion, at } = publication;
  const head: PolicyHead = { version: ifVersion + 1, digest: digest(document), published_at: at };
  const row: PolicyVersion = { ...head, author, reason, document: JSON.stringify(document) };
  const done = await transact([
    { Put: { TableName: table, Item: { ...policyVersion.key(head.version), ...row }, ConditionExpression: 'attribute_not_exists(pk)' } },
    {
      Put: {
        TableName: table,
        Item: { ...policyHead.key(), ...head },
        ConditionExpression: ifVersion === 0 ? 'attribute_not_exists(pk)' : 'version = :from',
        ...(ifVersion > 0 && { ExpressionAttributeValues: { ':from': ifVersion } }),
      },
    },
    publish(table, policyPublished, { version: head.version, author, reason, digest: head.digest }),
  ]);
  if (done.held) return ok(head);
  if (!done.reasons.some(({ code }) => code === 'ConditionalCheckFailed'))
    throw new TypeError(`DynamoDB refused the publication: ${done.reasons.map(({ code }) => code).join(', ')}`);
  return refuse({ reason: 'stale', version: (await readHead(table)).version });
}

const Listed = PolicyVersion.omit({ document: true });
export type ListedVersion = z.infer<typeof Listed>;

/** Newest first, without the documents. `next` is what to pass as `before` for the following page. */
export async function listVersions(
  table: string,
  options: { before?: number; limit: number },
): Promise<{ versions: ListedVersion[]; next?: number }> {
  const rows: Record<string, unknown>[] = [];
  const { pk, sk } = policyVersion.key(options.before ?? 0);
  let start: Record<string, unknown> | undefined = options.before === undefined ? undefined : { pk, sk };
  do {
    const page = await readPage(table, {
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :version)',
      ProjectionExpression: 'version, digest, author, #reason, published_at',
      ExpressionAttributeNames: { '#reason': 'reason' },
      ExpressionAttributeValues: { ':pk': pk, ':version': 'VERSION#' },
      ScanIndexForward: false,
      Limit: options.limit - rows.length,
      ExclusiveStartKey: start,
    });
    rows.push(...page.items);
    start = page.next;
  } while (start && rows.length < options.limit);
  const versions = z.array(Listed).parse(rows);
  const last = versions.at(-1);
  return { versions, ...(start && last && { next: last.version }) };
}
