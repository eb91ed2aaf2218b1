/** Ends every session of somebody whom the identity provider signed out everywhere. The gate stays open: only a case shuts it. */
import { signOutAsked } from '@gatehouse/events/sign-out-asked';
import { onFact } from '@gatehouse/runtime/event';
import * as z from 'zod';
import { cutPerson } from './cut.dynamodb.ts';

export const env = z.object({ TABLE_ACCESS: z.string() });

export const handler = onFact(
  { env, table: ({ TABLE_ACCESS }) => TABLE_ACCESS, consumer: 'hear-sign-out' },
  signOutAsked,
  async ({ person, source, cause }, { env, now }) => {
    await cutPerson(env.TABLE_ACCESS, person, { reason: `signed out everywhere by the identity provider (${source})`, cause }, now);
  },
);
