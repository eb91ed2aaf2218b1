/** Hears Okta's log stream on the partner bus: finds whom an event happened to, re-reads each of them, and settles their record. */
import { PeopleConfig } from '@gatehouse/core/profile';
import { timestamp } from '@gatehouse/runtime/clock';
import { json } from '@gatehouse/runtime/environment';
import { onEvent } from '@gatehouse/runtime/event';
import { Unavailable } from '@gatehouse/runtime/fault';
import { log } from '@gatehouse/runtime/log';
import * as z from 'zod';
import { readPerson } from './okta.directory.ts';
import { type Heard, hear } from './okta-log.ts';
import { personBySubject, settle } from './person.dynamo.ts';
import { readingOf } from './reading.ts';
import { tellRefusedRead } from './refused-read.dynamo.ts';
import { tellUnconfirmedDeparture } from './unconfirmed-departure.dynamo.ts';

export const env = z.object({ TABLE_PEOPLE: z.string(), CONFIG: json(PeopleConfig), SECRET_DIRECTORY_TOKEN_ARN: z.string() });

const source = 'okta-log-stream';

export const handler = onEvent({ env, table: ({ TABLE_PEOPLE }) => TABLE_PEOPLE, consumer: 'hear-okta' }, async (event, told) => {
  const heard = hear(event.detail);
  if (!heard.ok) {
    log.info('event does nothing', { id: event.id, ...heard.refusal });
    return;
  }
  for (const victim of heard.value.victims) await follow(victim, heard.value, told);
});

async function follow(victim: string, { uuid, kind, eventType }: Heard, told: { env: z.infer<typeof env>; now: number }): Promise<void> {
  const { TABLE_PEOPLE: table, CONFIG, SECRET_DIRECTORY_TOKEN_ARN: tokenArn } = told.env;
  const { url, issuer } = CONFIG.directory;
  const who = { issuer, subject: victim };
  const readAt = timestamp();
  const truth = await readPerson({ url, tokenArn }, victim);
  if (truth.word === 'unreadable') {
    await tellRefusedRead(table, 'okta', truth, told.now);
    if (kind === 'leaving') await tellUnconfirmedDeparture(table, who, source, uuid);
    throw new Unavailable(truth.message);
  }
  if (truth.word === 'staged' && !(await personBySubject(table, who))) {
    log.info('event does nothing', { uuid, eventType, victim, reason: 'not activated yet' });
    return;
  }
  const person = await settle(table, who, readingOf(truth, { readAt, source, cause: uuid, leaving: kind === 'leaving' }));
  if (!person) log.info('event does nothing', { uuid, eventType, victim, reason: 'unknown to us and to the directory' });
}
