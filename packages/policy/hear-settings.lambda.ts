/** Hears which managed settings a client says it runs under, and writes that beside what was delivered to it. Believes nothing: `judge` compares. */
import { settingsResolved } from '@gatehouse/events/settings-resolved';
import { onFact } from '@gatehouse/runtime/event';
import * as z from 'zod';
import { noteReport } from './delivery-note.dynamodb.ts';

export const env = z.object({ TABLE_POLICY: z.string().min(1) });

export const handler = onFact(
  { env, table: ({ TABLE_POLICY }) => TABLE_POLICY, consumer: 'hear-settings' },
  settingsResolved,
  async ({ person, session, sources, helper_state, client_version, at }, { env, now }) => {
    await noteReport(env.TABLE_POLICY, { person, session, sources, helper_state, client_version, at }, now);
  },
);
