/**
 * Who leaves together, or is moved together. A dump reveals who left and when.
 *   LEAVERS#<2026-11-22> / <started_at>#<cas_>  a case that cuts somebody, for counting; TTL two days
 *   WAVE#CURRENT / WAVE                         the wave that goes on: `wave`, `ends_at` (ms) when it ends unless somebody joins; no TTL
 *   WAVE#<wav_> / WAVE                          `people`, how many joined; no TTL
 *   CASE#<cas_> / WAVE                          the wave of a case; no TTL
 * The race: several cases see at once that they are many. Whoever takes WAVE#CURRENT names the wave, the others join it.
 */
import { Person, peoplePk, peopleShards } from '@gatehouse/contracts/records/person';
import type { GuardConfig } from '@gatehouse/core/guard-profile';
import { freshId } from '@gatehouse/runtime/clock';
import { get, put, query, transact, update } from '@gatehouse/runtime/table';
import * as z from 'zod';
import { isWave } from './guard.ts';

const Leaver = z.object({ case_id: z.string() });
const Member = z.object({ wave: z.string() });
const Current = z.object({ wave: z.string(), ends_at: z.int() });

const currentKey = { pk: 'WAVE#CURRENT', sk: 'WAVE' };
const memberKey = (caseId: string) => ({ pk: `CASE#${caseId}`, sk: 'WAVE' });
const keepSeconds = 2 * 86_400;

const isOver = 'attribute_not_exists(pk) OR ends_at <= :now';

export async function waveOf(table: string, caseId: string): Promise<string | undefined> {
  const row = await get(table, memberKey(caseId));
  return row && Member.parse(row).wave;
}

export async function peopleIn(table: string, wave: string): Promise<number> {
  const row = await get(table, { pk: `WAVE#${wave}`, sk: 'WAVE' });
  return z.object({ people: z.int() }).parse(row ?? { people: 0 }).people;
}

export interface Tables {
  lifecycle: string;
  people: string;
}

/** Counts the case among those of the last while. @returns the wave that it is part of, if so many are leaving. */
export async function countLeaver(
  { lifecycle: table, people }: Tables,
  { id, started_at }: { id: string; started_at: string },
  guard: GuardConfig,
  now: number,
): Promise<string | undefined> {
  const known = await waveOf(table, id);
  if (known) return known;
  await put(table, {
    pk: dayPk(started_at),
    sk: `${started_at}#${id}`,
    case_id: id,
    expires_at: Math.floor(now / 1000) + keepSeconds,
  });
  const windowMs = guard.window_seconds * 1_000;
  const row = await get(table, currentKey);
  const current = row && Current.parse(row);
  if (current && current.ends_at > now) {
    await join(table, current.wave, id, now + windowMs);
    return current.wave;
  }
  const leaving = await leaversSince(table, now - windowMs, now);
  if (!(await isWave(leaving.length, () => peopleHere(people), guard))) return undefined;
  const wave = await beginWave(table, now, now + windowMs);
  for (const one of leaving) await join(table, wave, one, now + windowMs);
  return wave;
}

async function leaversSince(table: string, from: number, to: number): Promise<string[]> {
  const [since, until] = [new Date(from).toISOString(), new Date(to).toISOString()];
  const days = [...new Set([dayPk(since), dayPk(until)])];
  const rows = (await Promise.all(days.map((pk) => query(table, pk, { from: since })))).flat();
  return rows.map((one) => Leaver.parse(one).case_id);
}

/** @returns this wave, or the one that somebody else has just begun. */
async function beginWave(table: string, now: number, until: number): Promise<string> {
  const wave = freshId('wav');
  const begun = await update(table, currentKey, {
    UpdateExpression: 'SET wave = :wave, ends_at = :until',
    ConditionExpression: isOver,
    ExpressionAttributeValues: { ':wave': wave, ':until': until, ':now': now },
  });
  return begun.held ? wave : Current.parse(begun.item).wave;
}

/** Counted once a case. The wave goes on for another while. */
async function join(table: string, wave: string, caseId: string, until: number): Promise<void> {
  await joinWave(table, wave, caseId);
  await update(table, currentKey, {
    UpdateExpression: 'SET ends_at = :until',
    ConditionExpression: 'wave = :wave AND ends_at < :until',
    ExpressionAttributeValues: { ':until': until, ':wave': wave },
  });
}

/** Counted once a case. */
export async function joinWave(table: string, wave: string, caseId: string): Promise<void> {
  await transact([
    { Put: { TableName: table, Item: { ...memberKey(caseId), wave }, ConditionExpression: 'attribute_not_exists(pk)' } },
    {
      Update: {
        TableName: table,
        Key: { pk: `WAVE#${wave}`, sk: 'WAVE' },
        UpdateExpression: 'ADD people :one',
        ExpressionAttributeValues: { ':one': 1 },
      },
    },
  ]);
}

export async function peopleHere(people: string): Promise<number> {
  const shards = await Promise.all(Array.from({ length: peopleShards }, (_, shard) => query(people, peoplePk(shard), { index: 'gsi1' })));
  return shards.flat().filter((row) => Person.shape.status.safeParse(row.status).data === 'active').length;
}

function dayPk(at: string): string {
  return `LEAVERS#${at.slice(0, 10)}`;
}
