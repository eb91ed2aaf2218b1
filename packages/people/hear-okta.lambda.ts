/** Hears Okta's log stream on the partner bus: finds whom an event happened to, re-reads each of them, and settles their record. */
import { onEvent } from '@gatehouse/runtime/event';
import { log } from '@gatehouse/runtime/log';
import * as z from 'zod';
import { reach } from './configured.directory.ts';
import { follow } from './follow.dynamo.ts';
import { acceptHints } from './hinted.dynamo.ts';
import { hear } from './okta-log.ts';
import { heardFrom } from './source.dynamo.ts';

export const env = z.object(reach);

const source = 'okta-log-stream';

export const handler = onEvent({ env, table: ({ TABLE_PEOPLE }) => TABLE_PEOPLE, consumer: 'hear-okta' }, async (event, { env, now }) => {
  await heardFrom(env.TABLE_PEOPLE, source, now);
  const issuer = env.CONFIG.directory.find(({ kind }) => kind === 'okta')?.issuer;
  const heard = hear(event.detail);
  if (!heard.ok) return log.info('event does nothing', { id: event.id, ...heard.refusal });
  const { victims, groups, kind, uuid } = heard.value;
  if (issuer === undefined) return log.info('event does nothing', { id: event.id, reason: 'no directory of kind okta is in the profile' });
  const about = { issuer, leaving: false, source, cause: uuid };
  await acceptHints(
    env.TABLE_PEOPLE,
    groups.map(({ id, name }) => ({ ...about, group: id, ...(name !== '' && { group_name: name }) })),
  );
  for (const subject of victims) await follow(env, { issuer, subject, leaving: kind === 'leaving', source, cause: uuid }, now);
});
