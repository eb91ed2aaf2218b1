/** Tells once of each event source that has been silent for longer than it may be; a source that speaks again is forgotten about by its heartbeat. */
import { createHash } from 'node:crypto';
import { source as record, type Source } from '@gatehouse/contracts/records/source';
import { encodeId } from '@gatehouse/core/ids';
import type { PeopleConfig } from '@gatehouse/core/people-profile';
import { sourceSilent } from '@gatehouse/events/source-silent';
import { timestamp } from '@gatehouse/runtime/clock';
import { measure } from '@gatehouse/runtime/metric';
import { publish } from '@gatehouse/runtime/publish';
import { putNew, transact } from '@gatehouse/runtime/table';
import { silenceLimits } from './silence.ts';
import { readSource } from './source.dynamo.ts';

/** @returns the silent ones. */
export async function tellSilentSources(table: string, config: PeopleConfig, now: number): Promise<string[]> {
  const silent: string[] = [];
  for (const [name, after] of silenceLimits(config)) {
    const known = (await readSource(table, name)) ?? (await startWaiting(table, name, now));
    if (now - Date.parse(known.heard_at) < after * 1000) continue;
    silent.push(name);
    if (known.silent_since === undefined) await tell(table, known, now);
  }
  measure([{ dimensions: {}, sets: [[]], values: { SourcesSilent: { unit: 'Count', value: silent.length } } }], now);
  return silent;
}

/** Never heard: its time runs from when it was first looked for. */
async function startWaiting(table: string, name: string, now: number): Promise<Source> {
  const row: Source = { name, heard_at: timestamp(now) };
  await putNew(table, { ...record.key(name), ...row });
  return row;
}

async function tell(table: string, { name, heard_at: heardAt }: Source, now: number): Promise<void> {
  const id = encodeId('evt', createHash('sha256').update(`source-silent ${name} ${heardAt}`).digest().subarray(0, 16));
  await transact([
    publish(table, sourceSilent, { id, source: name, heard_at: heardAt }),
    {
      Update: {
        TableName: table,
        Key: record.key(name),
        UpdateExpression: 'SET silent_since = :now',
        ConditionExpression: 'heard_at = :heard',
        ExpressionAttributeValues: { ':now': timestamp(now), ':heard': heardAt },
      },
    },
  ]);
}
