/** Writes down when an event source was last heard: at most once a minute and environment, since it is only looked at by the hour. */
import { Source, source } from '@gatehouse/contracts/records/source';
import { timestamp } from '@gatehouse/runtime/clock';
import { log } from '@gatehouse/runtime/log';
import { get, update } from '@gatehouse/runtime/table';

const writeEveryMs = 60_000;
const written = new Map<string, number>();

/** What was heard is handled already: a store that is away now costs a heartbeat and nothing else. */
export async function heardFrom(table: string, name: string, nowMs: number): Promise<void> {
  if (nowMs - (written.get(name) ?? Number.NEGATIVE_INFINITY) < writeEveryMs) return;
  try {
    await update(table, source.key(name), {
      UpdateExpression: 'SET #name = :name, heard_at = :at REMOVE silent_since',
      ConditionExpression: 'attribute_not_exists(heard_at) OR heard_at < :at',
      ExpressionAttributeNames: { '#name': 'name' },
      ExpressionAttributeValues: { ':name': name, ':at': timestamp(nowMs) },
    });
    written.set(name, nowMs);
  } catch (error) {
    log.warn('heartbeat not written', { source: name, error: error as Error });
  }
}

export async function readSource(table: string, name: string): Promise<Source | undefined> {
  const row = Source.safeParse(await get(table, source.key(name)));
  return row.success ? row.data : undefined;
}
