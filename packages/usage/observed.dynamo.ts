/**
 * What requests show beside spend: that a client is alive, which of its numbered events are missing, and which managed settings it runs under.
 *   HEARD#<day>      <per_>                   when a person's exporters were heard first and last that day; TTL 100 days
 *   SEQUENCE#<day>   <per_>#<32 hex>          the numbers heard of a client's session; TTL 100 days
 *   SETTINGS#<ses_>  <32 hex>                 told of these settings under this session; TTL 40 days
 * The race: two batches of one session merge their numbers; each holds only while the row is what was read. Idempotent: numbers are a set.
 * A dump reveals who worked on which days and how much of their telemetry was lost.
 */
import { createHash } from 'node:crypto';
import { settingsResolved } from '@gatehouse/events/settings-resolved';
import { dayOf } from '@gatehouse/ledger/entry';
import { now, timestamp } from '@gatehouse/runtime/clock';
import { Throttled } from '@gatehouse/runtime/fault';
import { publish } from '@gatehouse/runtime/publish';
import { get, transact, update } from '@gatehouse/runtime/table';
import { type Attributes, scalarOf, textOf } from './otlp/attribute.ts';
import type { Heard as Numbered, RequestRecord } from './otlp/reading.ts';
import { type Heard, hear, missingOf, type Ranges } from './sequence.ts';

const keepSeconds = 100 * 86_400;
const settingsSeconds = 40 * 86_400;

export const heardPk = (day: string) => `HEARD#${day}`;
export const sequencePk = (day: string) => `SEQUENCE#${day}`;

const beatMs = 5 * 60_000;
const mostBeats = 2_000;
const beats = new Map<string, number>();

/** At most once in five minutes a person and environment. */
export async function beat(table: string, person: string): Promise<void> {
  const at = now();
  if (at - (beats.get(person) ?? 0) < beatMs) return;
  await update(
    table,
    { pk: heardPk(dayOf(at)), sk: person },
    {
      UpdateExpression: 'SET first_at = if_not_exists(first_at, :at), last_at = :at, expires_at = :expires',
      ExpressionAttributeValues: { ':at': timestamp(at), ':expires': Math.floor(at / 1000) + keepSeconds },
    },
  );
  if (beats.size >= mostBeats) beats.clear();
  beats.set(person, at);
}

const attempts = 6;

/** Rows of other days would tell nothing: nobody asks for them, or their bodies are ancient. */
const nearMs = 60 * 86_400_000;

/** Adds the numbers of a batch. Throws Throttled when others write the same session again and again. */
export async function hearNumbers(table: string, person: string, numbered: readonly Numbered[]): Promise<void> {
  const sessions = new Map<string, { day: string; session: string; numbers: number[] }>();
  for (const { session, sequence, at } of numbered) {
    if (!(Math.abs(at - now()) < nearMs)) continue;
    const day = dayOf(at);
    const known = sessions.get(`${day}#${session}`) ?? { day, session, numbers: [] };
    known.numbers.push(sequence);
    sessions.set(`${day}#${session}`, known);
  }
  for (const { day, session, numbers } of sessions.values()) await hearSession(table, person, day, session, numbers);
}

async function hearSession(table: string, person: string, day: string, session: string, numbers: readonly number[]): Promise<void> {
  const key = { pk: sequencePk(day), sk: `${person}#${digestOf(session)}` };
  for (let attempt = 0; attempt < attempts; attempt++) {
    const row = await get(table, key);
    const before: Heard = { ranges: (row?.ranges as Ranges | undefined) ?? [], lost: Number(row?.lost ?? 0) };
    const after = hear(before, numbers);
    if (row && JSON.stringify(after) === JSON.stringify(before)) return;
    const version = Number(row?.version ?? 0);
    const { held } = await update(table, key, {
      UpdateExpression:
        'SET ranges = :ranges, lost = :lost, missing_events = :missing, person = :person, last_at = :at, version = :next, expires_at = :expires',
      ConditionExpression: row ? 'version = :version' : 'attribute_not_exists(pk)',
      ExpressionAttributeValues: {
        ':ranges': after.ranges.map((range) => [...range]),
        ':lost': after.lost,
        ':missing': missingOf(after),
        ':person': person,
        ':at': timestamp(),
        ':next': version + 1,
        ':expires': Math.floor(now() / 1000) + keepSeconds,
        ...(row && { ':version': version }),
      },
    });
    if (held) return;
    await new Promise((resolve) => setTimeout(resolve, 15 * 2 ** attempt * Math.random()));
  }
  throw new Throttled(`The numbers of a session were written by others ${attempts} times in a row`);
}

/** Tells once a session and content. @param session ours, of the token. */
export async function tellSettings(table: string, caller: { person: string; session: string }, record: RequestRecord): Promise<void> {
  const { attributes, resource } = record;
  const told = {
    ...caller,
    sources: sourcesOf(attributes),
    trigger: cut(textOf(attributes, 'managed_settings.trigger')),
    helper_state: cut(textOf(attributes, 'managed_settings.helper.state')),
    client_version: cut(textOf(resource, 'service.version')),
  };
  const key = { pk: `SETTINGS#${caller.session}`, sk: digestOf(JSON.stringify(told)) };
  await transact([
    {
      Put: {
        TableName: table,
        Item: { ...key, expires_at: Math.floor(now() / 1000) + settingsSeconds },
        ConditionExpression: 'attribute_not_exists(pk)',
      },
    },
    publish(table, settingsResolved, told),
  ]);
}

const mostSources = 20;

/** A list of texts, or one text where an exporter cannot write lists. */
function sourcesOf(attributes: Attributes): string[] {
  const listed = attributes.findLast(({ key }) => key === 'managed_settings.sources')?.list;
  const single = scalarOf(attributes, 'managed_settings.sources');
  const texts = listed ?? (typeof single === 'string' ? single.split(',') : []);
  return texts
    .map((text) => cut(text.trim()))
    .filter((text) => text !== '')
    .slice(0, mostSources);
}

function cut(text: string | undefined): string {
  return (text ?? '').slice(0, 100);
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
