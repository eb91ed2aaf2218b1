/** Reads every client that was heard of, by the index that `delivery-note.dynamodb.ts` lays out: a second behind at most. Writes nothing. */
import { query } from '@gatehouse/runtime/table';
import { Client } from './client.ts';
import { clientShards, clientsPk } from './delivery-note.dynamodb.ts';

/** One row an installation. Throws Unavailable, Throttled. */
export async function allClients(table: string): Promise<Client[]> {
  const found = await Promise.all(Array.from({ length: clientShards }, (_, shard) => query(table, clientsPk(shard), { index: 'gsi1' })));
  return found.flat().map((row) => Client.parse(row));
}
