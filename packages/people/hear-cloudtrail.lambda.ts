/** Hears on the account's own bus what was done to people of Cognito and IAM Identity Center, and re-reads whom it was done to. CloudTrail is minutes late, and best effort. */
import type { PeopleConfig } from '@gatehouse/core/people-profile';
import { onEvent } from '@gatehouse/runtime/event';
import { log } from '@gatehouse/runtime/log';
import * as z from 'zod';
import { hear, type Trailed } from './cloudtrail.ts';
import { reach } from './configured.directory.ts';
import { follow } from './follow.dynamo.ts';
import { acceptHints } from './hinted.dynamo.ts';
import { heardFrom } from './source.dynamo.ts';

export const env = z.object(reach);

const source = 'cloudtrail';

export const handler = onEvent(
  { env, table: ({ TABLE_PEOPLE }) => TABLE_PEOPLE, consumer: 'hear-cloudtrail' },
  async (event, { env, now }) => {
    const heard = hear(event.detail);
    if (!heard.ok) return log.info('event does nothing', { source, id: event.id, ...heard.refusal });
    await heardFrom(env.TABLE_PEOPLE, source, now);
    const { subject, group, leaving, cause } = heard.value;
    const issuer = issuerOf(env.CONFIG, heard.value);
    if (issuer === undefined) return log.info('event does nothing', { source, cause, reason: 'its directory is not in the profile' });
    const about = { issuer, leaving, source, cause };
    if (subject !== undefined) return follow(env, { ...about, subject }, now);
    // Cognito's groups are known by name; whoever is known to be in it is looked at.
    await acceptHints(env.TABLE_PEOPLE, [
      { ...about, group: group ?? '', ...(heard.value.kind === 'cognito' && group && { group_name: group }) },
    ]);
  },
);

function issuerOf({ directory }: PeopleConfig, { kind, place }: Trailed): string | undefined {
  const found = directory.find((one) => {
    if (one.kind === 'cognito') return kind === 'cognito' && one.user_pool_id === place;
    // SCIM's events name a tenant that nobody knows; an account and region has one identity store.
    return one.kind === 'identity-center' && kind === 'identity-center' && (place === undefined || one.identity_store_id === place);
  });
  return found?.issuer;
}
