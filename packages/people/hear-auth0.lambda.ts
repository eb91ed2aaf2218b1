/** Hears Auth0's event stream on its partner bus: finds whom an event happened to, re-reads them, and settles their record. */
import { onEvent } from '@gatehouse/runtime/event';
import { log } from '@gatehouse/runtime/log';
import * as z from 'zod';
import { hear } from './auth0-event.ts';
import { reach } from './configured.directory.ts';
import { follow } from './follow.dynamo.ts';
import { acceptHints } from './hinted.dynamo.ts';
import { heardFrom } from './source.dynamo.ts';

export const env = z.object(reach);

const source = 'auth0';

export const handler = onEvent({ env, table: ({ TABLE_PEOPLE }) => TABLE_PEOPLE, consumer: 'hear-auth0' }, async (event, { env, now }) => {
  await heardFrom(env.TABLE_PEOPLE, source, now);
  const heard = hear(event.detail);
  if (!heard.ok) return log.info('event does nothing', { source, id: event.id, ...heard.refusal });
  const { subject, group, leaving, cause } = heard.value;
  const issuer = env.CONFIG.directory.find(({ kind }) => kind === 'auth0')?.issuer;
  if (issuer === undefined)
    return log.info('event does nothing', { source, cause, reason: 'no directory of kind auth0 is in the profile' });
  const about = { issuer, leaving, source, cause };
  if (subject !== undefined) return follow(env, { ...about, subject }, now);
  if (group) await acceptHints(env.TABLE_PEOPLE, [{ ...about, group: group.id, ...(group.name && { group_name: group.name }) }]);
});
