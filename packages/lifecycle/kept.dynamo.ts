/**
 * Where sealed packets rest, and the roots over them. A dump reveals who left and when; no secret.
 *   CASE#<cas_> / PACKET   the index: whose, how it ended, its last hash, then its object and its root; gsi1 `PACKETS` / `<closed_at>#<cas_>`; no TTL
 *   UNROOTED / <cas_>      a packet that no root holds yet; deleted by the root that does
 *   ROOTS / HEAD           the newest root, and whether its packets are marked with it
 *   ROOTS / <000000001>    one root: number, times, hash, how many packets; the root itself is in S3; no TTL
 * The race: two runs make the same root. S3 takes one of them and the head's condition one; the other goes on from there.
 */
import type { Root } from '@gatehouse/core/evidence/root';
import { get, getMany, query, readPage, transact, update, type Write } from '@gatehouse/runtime/table';
import * as z from 'zod';

export const Kept = z.object({
  case_id: z.string(),
  person: z.string(),
  status: z.string(),
  /** The hash of the closing. */
  head: z.string(),
  closed_at: z.string(),
  object: z.string().optional(),
  locked_until: z.string().optional(),
  root: z.int().optional(),
});
export type Kept = z.infer<typeof Kept>;

const Made = z.object({ number: z.int(), after: z.string().nullable(), at: z.string(), hash: z.string(), packets: z.int() });
export type Made = z.infer<typeof Made>;

const Head = Made.extend({ marked: z.boolean() });
export type Head = z.infer<typeof Head>;

const packetKey = (id: string) => ({ pk: `CASE#${id}`, sk: 'PACKET' });
const waitingKey = (id: string) => ({ pk: 'UNROOTED', sk: id });
const headKey = { pk: 'ROOTS', sk: 'HEAD' };
const rootKey = (number: number) => ({ pk: 'ROOTS', sk: String(number).padStart(9, '0') });

/** For the transaction that seals it. */
export function keeping(table: string, { case_id, person, status, head, closed_at }: Kept): Write[] {
  const row = { ...packetKey(case_id), gsi1pk: 'PACKETS', gsi1sk: `${closed_at}#${case_id}`, case_id, person, status, head, closed_at };
  return [{ Put: { TableName: table, Item: row } }, { Put: { TableName: table, Item: { ...waitingKey(case_id), case_id, head } } }];
}

export async function noteObject(table: string, caseId: string, object: string, locked_until: string): Promise<void> {
  await update(table, packetKey(caseId), {
    UpdateExpression: 'SET #object = :object, locked_until = :until',
    ConditionExpression: 'attribute_exists(pk)',
    ExpressionAttributeNames: { '#object': 'object' },
    ExpressionAttributeValues: { ':object': object, ':until': locked_until },
  });
}

/** Packets that no root holds, whenever they were sealed. */
export async function unrooted(table: string, limit: number): Promise<Kept[]> {
  const waiting = await query(table, 'UNROOTED', { limit });
  const rows = await getMany(waiting.map(({ sk }) => ({ table, key: packetKey(String(sk)) })));
  return rows.map((row) => Kept.parse(row));
}

export async function readHead(table: string): Promise<Head | undefined> {
  const row = await get(table, headKey);
  return row && Head.parse(row);
}

/** False: another run made this root, or a later one. */
export async function keepRoot(table: string, { number, after, at, hash, packets }: Root): Promise<boolean> {
  const made: Made = { number, after, at, hash, packets: packets.length };
  const before = number - 1;
  const { held } = await transact([
    { Put: { TableName: table, Item: { ...rootKey(number), ...made }, ConditionExpression: 'attribute_not_exists(pk)' } },
    {
      Put: {
        TableName: table,
        Item: { ...headKey, ...made, marked: false },
        ...(before === 0
          ? { ConditionExpression: 'attribute_not_exists(pk)' }
          : {
              ConditionExpression: '#number = :before',
              ExpressionAttributeNames: { '#number': 'number' },
              ExpressionAttributeValues: { ':before': before },
            }),
      },
    },
  ]);
  return held;
}

/** Marks the packets of the newest root with it: once more does no harm. */
export async function markRooted(table: string, { number, packets }: Root): Promise<void> {
  for (const { case: id } of packets)
    await transact([
      { Delete: { TableName: table, Key: waitingKey(id) } },
      {
        Update: {
          TableName: table,
          Key: packetKey(id),
          UpdateExpression: 'SET root = :root',
          ExpressionAttributeValues: { ':root': number },
        },
      },
    ]);
  await update(table, headKey, {
    UpdateExpression: 'SET marked = :yes',
    ConditionExpression: '#number = :number',
    ExpressionAttributeNames: { '#number': 'number' },
    ExpressionAttributeValues: { ':yes': true, ':number': number },
  });
}

/** Newest first. @param before `next` of the page before. */
export async function packets(table: string, limit: number, before?: string): Promise<{ packets: Kept[]; next: string | undefined }> {
  const { items, next } = await readPage(table, {
    IndexName: 'gsi1',
    KeyConditionExpression: before === undefined ? 'gsi1pk = :pk' : 'gsi1pk = :pk AND gsi1sk < :before',
    ExpressionAttributeValues: { ':pk': 'PACKETS', ...(before !== undefined && { ':before': before }) },
    ScanIndexForward: false,
    Limit: limit,
  });
  return { packets: items.map((item) => Kept.parse(item)), next: next && String(items.at(-1)?.gsi1sk) };
}

/** Newest first. @param before the number of the last one seen. */
export async function roots(table: string, limit: number, before?: number): Promise<{ roots: Made[]; next: string | undefined }> {
  const { items, next } = await readPage(table, {
    KeyConditionExpression: 'pk = :pk AND sk < :before',
    ExpressionAttributeValues: { ':pk': 'ROOTS', ':before': before === undefined ? 'HEAD' : rootKey(before).sk },
    ScanIndexForward: false,
    Limit: limit,
  });
  return { roots: items.map((item) => Made.parse(item)), next: next && String(items.at(-1)?.number) };
}
