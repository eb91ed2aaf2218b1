/**
 * Onboardings and moves. A dump reveals who joined or moved, when and why; no credential.
 *   JOINING#<cas_> / JOINING            how it stands; gsi1 `JOININGS#<kind>#<per_>` / `<started_at>#<cas_>`; no TTL
 *   JOINING-LOCK#<per_> / LOCK          the one that is open for a person: `case_id`, `state` held or free; no TTL
 * The race: two starts for one person. The lock's condition decides; the loser reads again.
 */
import type { JoiningKind } from '@gatehouse/contracts/steps/joining';
import { get, query, transact, update, type Write } from '@gatehouse/runtime/table';
import * as z from 'zod';
import { Joining } from './joining.ts';

const Lock = z.object({ case_id: z.string(), state: z.enum(['held', 'free']) });

const key = (id: string) => ({ pk: `JOINING#${id}`, sk: 'JOINING' });
const lockKey = (person: string) => ({ pk: `JOINING-LOCK#${person}`, sk: 'LOCK' });

export async function readJoining(table: string, id: string): Promise<Joining | undefined> {
  const row = await get(table, key(id));
  return row && Joining.parse(row);
}

/** The onboarding or move that is open for the person, or was last. */
export async function lastJoining(table: string, person: string): Promise<{ one: Joining; open: boolean } | undefined> {
  const row = await get(table, lockKey(person));
  const lock = row && Lock.parse(row);
  const one = lock && (await readJoining(table, lock.case_id));
  return one && { one, open: lock.state === 'held' };
}

/** Newest first, at most 100. */
export async function joiningsOf(table: string, person: string, kind: JoiningKind): Promise<Joining[]> {
  const rows = await query(table, `JOININGS#${kind}#${person}`, { index: 'gsi1', descending: true, limit: 100 });
  return rows.map((row) => Joining.parse(row));
}

/** False: another one is open for the person, or this very one is there already. A dry run takes no lock. */
export async function openRow(table: string, one: Joining): Promise<boolean> {
  const row = { ...key(one.id), gsi1pk: `JOININGS#${one.kind}#${one.person}`, gsi1sk: `${one.started_at}#${one.id}`, ...one };
  const writes: Write[] = [{ Put: { TableName: table, Item: row, ConditionExpression: 'attribute_not_exists(pk)' } }];
  if (!one.dry_run)
    writes.push({
      Put: {
        TableName: table,
        Item: { ...lockKey(one.person), case_id: one.id, state: 'held' },
        ConditionExpression: 'attribute_not_exists(pk) OR #state = :free',
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: { ':free': 'free' },
      },
    });
  return (await transact(writes)).held;
}

export async function markGiving(table: string, id: string): Promise<void> {
  await update(table, key(id), {
    UpdateExpression: 'SET #status = :giving',
    ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(closed_at)',
    ExpressionAttributeNames: { '#status': 'status' },
    ExpressionAttributeValues: { ':giving': 'giving' },
  });
}

/** It waits for somebody's word. */
export async function markWaiting(table: string, id: string, message: string): Promise<void> {
  await update(table, key(id), {
    UpdateExpression: 'SET message = :message',
    ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(closed_at)',
    ExpressionAttributeValues: { ':message': message },
  });
}

/** Closes it, lets the lock go, and writes what comes with that. False: it is closed already. */
export async function closeRow(
  table: string,
  one: Joining,
  ending: Required<Pick<Joining, 'status' | 'message' | 'closed_at'>> & { welcome: string | undefined },
  others: readonly Write[],
): Promise<boolean> {
  const writes: Write[] = [
    {
      Update: {
        TableName: table,
        Key: key(one.id),
        UpdateExpression: `SET #status = :status, message = :message, closed_at = :at${ending.welcome === undefined ? '' : ', welcome = :welcome'}`,
        ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(closed_at)',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: {
          ':status': ending.status,
          ':message': ending.message,
          ':at': ending.closed_at,
          ...(ending.welcome !== undefined && { ':welcome': ending.welcome }),
        },
      },
    },
    ...others,
  ];
  if (!one.dry_run)
    writes.push({
      Put: { TableName: table, Item: { ...lockKey(one.person), case_id: one.id, state: 'free' } },
    });
  return (await transact(writes)).held;
}
