/**
 * Lifecycle's rows. A dump reveals who left, when and why, and hashes of their credentials; no secret.
 *   CASE#<cas_> / CASE             the case (contracts/records/case), with `links`, the number of its evidence rows; no TTL
 *   CASE#<cas_> / EVIDENCE#<0001>  one link of its chain; no TTL
 *   CASE#<cas_> / SEAL             how it was closed and signed; no TTL
 *   LOCK#<per_> / LOCK             the one case that may be open for a person: `case_id`, `state` held or free, `wanted`; no TTL
 * The race: two starts for one person, or two runs of one step. The lock's condition and the chain's number decide; the loser reads again.
 */
import { Case, lifecycleCase } from '@gatehouse/contracts/records/case';
import { Closing, Link } from '@gatehouse/core/evidence/chain';
import type { Seal } from '@gatehouse/core/evidence/packet';
import { PublicJwk, Signature } from '@gatehouse/core/evidence/signed';
import { get, type Item, query, readPage, transact, update, type Write } from '@gatehouse/runtime/table';
import * as z from 'zod';
import { statusAfter } from './case.ts';
import { ByFact } from './start.ts';

const Stored = Case.extend({
  links: z.int().nonnegative(),
  /** The event behind it. */
  cause: z.string().optional(),
  /** What came for the person while this case was open, to be looked at once it is closed. */
  follow_up: ByFact.optional(),
});
export type Stored = z.infer<typeof Stored>;

const Lock = z.object({ case_id: z.string(), state: z.enum(['held', 'free']), wanted: ByFact.optional() });
export type Lock = z.infer<typeof Lock>;

const lockKey = (person: string) => ({ pk: `LOCK#${person}`, sk: 'LOCK' });
const linkKey = (id: string, seq: number) => ({ pk: lifecycleCase.key(id).pk, sk: `EVIDENCE#${String(seq).padStart(4, '0')}` });
const sealKey = (id: string) => ({ pk: lifecycleCase.key(id).pk, sk: 'SEAL' });

const isFree = 'attribute_not_exists(pk) OR #state = :free';

export async function readCase(table: string, id: string): Promise<Stored | undefined> {
  const row = await get(table, lifecycleCase.key(id));
  return row && Stored.parse(row);
}

export async function readLock(table: string, person: string): Promise<Lock | undefined> {
  const row = await get(table, lockKey(person));
  return row && Lock.parse(row);
}

/** Newest first. @param after `next` of the page before. */
export async function casesOf(
  table: string,
  person: string,
  limit: number,
  after?: string,
): Promise<{ cases: Case[]; next: string | undefined }> {
  const { items, next } = await readPage(table, {
    IndexName: 'gsi1',
    KeyConditionExpression: after ? 'gsi1pk = :pk AND gsi1sk < :after' : 'gsi1pk = :pk',
    ExpressionAttributeValues: { ':pk': `CASES#${person}`, ...(after && { ':after': after }) },
    ScanIndexForward: false,
    Limit: limit,
  });
  return { cases: items.map((item) => Case.parse(item)), next: next && String(items.at(-1)?.gsi1sk) };
}

/** False: another case is open for the person, or this very one is there already. A dry run takes no lock. */
export async function open(table: string, one: Case, cause: string | undefined): Promise<boolean> {
  const row = {
    ...lifecycleCase.key(one.id),
    gsi1pk: `CASES#${one.person}`,
    gsi1sk: `${one.started_at}#${one.id}`,
    ...one,
    links: 0,
    cause,
  };
  const writes: Write[] = [{ Put: { TableName: table, Item: row, ConditionExpression: 'attribute_not_exists(pk)' } }];
  if (!one.dry_run)
    writes.push({
      Put: {
        TableName: table,
        Item: { ...lockKey(one.person), case_id: one.id, state: 'held' },
        ConditionExpression: isFree,
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: { ':free': 'free' },
      },
    });
  return (await transact(writes)).held;
}

/** Leaves word with the case that is open. False: it is closed by now. */
export async function leaveWord(table: string, person: string, caseId: string, wanted: ByFact): Promise<boolean> {
  const { held } = await update(table, lockKey(person), {
    UpdateExpression: 'SET wanted = :wanted',
    ConditionExpression: 'case_id = :case AND #state = :held',
    ExpressionAttributeNames: { '#state': 'state' },
    ExpressionAttributeValues: { ':wanted': wanted, ':case': caseId, ':held': 'held' },
  });
  return held;
}

/** Shows that the case waits for somebody's decision. What it does next says otherwise again. */
export async function markHeld(table: string, id: string, message: string): Promise<void> {
  await update(table, lifecycleCase.key(id), {
    UpdateExpression: 'SET #status = :held, message = :message',
    ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(closed_at)',
    ExpressionAttributeNames: { '#status': 'status' },
    ExpressionAttributeValues: { ':held': 'held', ':message': message },
  });
}

export async function readChain(table: string, id: string): Promise<Link[]> {
  const rows = await query(table, lifecycleCase.key(id).pk, { prefix: 'EVIDENCE#' });
  return rows.map((row) => Link.parse(bare(row)));
}

/** The link, what it says of the case, and the facts of it. False: another link came first. */
export async function append(table: string, one: Stored, link: Link, facts: readonly Write[]): Promise<boolean> {
  const status = statusAfter(link.phase, one.dry_run);
  const time = link.phase === 'cut' ? 'cut_at' : link.phase === 'proven' ? 'proven_at' : undefined;
  const { held } = await transact([
    { Put: { TableName: table, Item: { ...linkKey(one.id, link.seq), ...link }, ConditionExpression: 'attribute_not_exists(pk)' } },
    {
      Update: {
        TableName: table,
        Key: lifecycleCase.key(one.id),
        UpdateExpression: `SET links = :links${status ? ', #status = :status' : ''}${time ? `, ${time} = :at` : ''} REMOVE message`,
        ConditionExpression: 'links = :before AND attribute_not_exists(closed_at)',
        ...(status && { ExpressionAttributeNames: { '#status': 'status' } }),
        ExpressionAttributeValues: {
          ':links': link.seq,
          ':before': link.seq - 1,
          ...(status && { ':status': status }),
          ...(time && { ':at': link.at }),
        },
      },
    },
    ...facts,
  ]);
  return held;
}

export async function readSeal(table: string, id: string): Promise<Seal | undefined> {
  const row = await get(table, sealKey(id));
  return row && z.strictObject({ closing: Closing, signature: Signature, public_key: PublicJwk }).parse(bare(row));
}

/** Closes the case, lets the lock go, and keeps the word that was left with it. False: something moved since it was read. */
export async function close(table: string, one: Stored, lock: Lock | undefined, seal: Seal, others: readonly Write[]): Promise<boolean> {
  const { status, message, closed_at } = seal.closing;
  const ours = !one.dry_run && lock?.case_id === one.id && lock.state === 'held';
  const writes: Write[] = [
    { Put: { TableName: table, Item: { ...sealKey(one.id), ...seal } } },
    {
      Update: {
        TableName: table,
        Key: lifecycleCase.key(one.id),
        UpdateExpression: `SET #status = :status, message = :message, closed_at = :at${ours && lock.wanted ? ', follow_up = :wanted' : ''}`,
        ConditionExpression: 'links = :links AND attribute_not_exists(closed_at)',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: {
          ':status': status,
          ':message': message,
          ':at': closed_at,
          ':links': one.links,
          ...(ours && lock.wanted && { ':wanted': lock.wanted }),
        },
      },
    },
    ...others,
  ];
  if (ours)
    writes.push({
      Update: {
        TableName: table,
        Key: lockKey(one.person),
        UpdateExpression: 'SET #state = :free REMOVE wanted',
        ConditionExpression: `case_id = :case AND ${lock.wanted ? 'wanted.cause = :cause' : 'attribute_not_exists(wanted)'}`,
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: { ':free': 'free', ':case': one.id, ...(lock.wanted && { ':cause': lock.wanted.cause }) },
      },
    });
  return (await transact(writes)).held;
}

function bare({ pk: _pk, sk: _sk, ...rest }: Item): Item {
  return rest;
}
