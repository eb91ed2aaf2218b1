/**
 * What clients were given and say, in policy's table; the layout is here and nowhere else.
 *   CLIENT#<per_>   <ses_>   one installation; gsi1 CLIENTS#<shard> / <per_>#<ses_>; TTL 35 days after it was last heard of
 *   SERVED#<per_>   SERVED   the last settings served to a person, which the table's stream copies to S3; TTL 90 days
 * Race: deliveries and reports of one client write different members of its row; the last of each stands. Idempotent by content.
 * A dump reveals who uses which version of the client, and what their policy allows; no token.
 */
import { timestamp } from '@gatehouse/runtime/clock';
import { update } from '@gatehouse/runtime/table';
import type { Delivered } from './settings.ts';

const clientSeconds = 35 * 86_400;
const servedSeconds = 90 * 86_400;
/** The copy in S3 ends some time: it is written again before that. */
const rewriteMs = 30 * 86_400_000;

export const clientShards = 4;
export const clientsPk = (shard: number) => `CLIENTS#${shard}`;
export const servedPk = 'SERVED#';

export interface Delivery {
  person: string;
  session: string;
  via: 'gateway' | 'helper';
  checksum: string;
  held: string | undefined;
  clientVersion: string | undefined;
}

/** @param nowMs milliseconds. */
export async function noteDelivery(table: string, delivery: Delivery, nowMs: number): Promise<void> {
  const { person, session, via, checksum, held, clientVersion } = delivery;
  await update(table, clientKey(person, session), {
    UpdateExpression: `SET ${placed}, via = :via, previous = if_not_exists(delivered, :checksum), delivered = :checksum, delivered_at = :now${held ? ', held = :held' : ''}${clientVersion ? ', client_version = :version' : ''}`,
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: {
      ...placeOf(person, session, nowMs),
      ':via': via,
      ':checksum': checksum,
      ':now': timestamp(nowMs),
      ...(held && { ':held': held }),
      ...(clientVersion && { ':version': clientVersion }),
    },
  });
}

export interface Report {
  sources: readonly string[];
  helper_state: string;
  client_version: string;
  at: string;
}

/** The last report stands, by its own time. */
export async function noteReport(
  table: string,
  { person, session, ...reported }: { person: string; session: string } & Report,
  nowMs: number,
): Promise<void> {
  await update(table, clientKey(person, session), {
    UpdateExpression: `SET ${placed}, reported = :reported`,
    ConditionExpression: 'attribute_not_exists(reported) OR reported.#at <= :at',
    ExpressionAttributeNames: { ...names, '#at': 'at' },
    ExpressionAttributeValues: { ...placeOf(person, session, nowMs), ':reported': reported, ':at': reported.at },
  });
}

/** Written only when it differs from what is there, or that is old. */
export async function noteServed(table: string, { body }: Delivered, to: { person: string; epoch: number }, nowMs: number): Promise<void> {
  await update(
    table,
    { pk: `${servedPk}${to.person}`, sk: 'SERVED' },
    {
      UpdateExpression:
        'SET person = :person, epoch = :epoch, checksum = :checksum, settings = :settings, served_ms = :now, expires_at = :expires',
      ConditionExpression: 'attribute_not_exists(pk) OR checksum <> :checksum OR epoch < :epoch OR served_ms < :old',
      ExpressionAttributeValues: {
        ':person': to.person,
        ':epoch': to.epoch,
        ':checksum': body.checksum,
        ':settings': JSON.stringify(body.settings),
        ':now': nowMs,
        ':old': nowMs - rewriteMs,
        ':expires': Math.floor(nowMs / 1000) + servedSeconds,
      },
    },
  );
}

function clientKey(person: string, session: string) {
  return { pk: `CLIENT#${person}`, sk: session };
}

const placed = 'person = :person, #session = :session, gsi1pk = :shard, gsi1sk = :place, expires_at = :expires';
/** SESSION and AT are words of DynamoDB's own. */
const names = { '#session': 'session' };

function placeOf(person: string, session: string, nowMs: number): Record<string, unknown> {
  return {
    ':person': person,
    ':session': session,
    ':shard': clientsPk((session.codePointAt(session.length - 1) ?? 0) % clientShards),
    ':place': `${person}#${session}`,
    ':expires': Math.floor(nowMs / 1000) + clientSeconds,
  };
}
