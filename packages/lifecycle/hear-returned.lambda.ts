/** Hears that somebody came back, and ends the grace period that a case of theirs waits out. */
import { personReturned } from '@gatehouse/events/person-returned';
import { onFact } from '@gatehouse/runtime/event';
import { z } from 'zod';
import { resumeIfBack } from './return.states.ts';

export const env = z.object({ TABLE_LIFECYCLE: z.string(), STEP_CONFIRM_TRUTH_ARN: z.string() });

export const handler = onFact(
  { env, table: ({ TABLE_LIFECYCLE }) => TABLE_LIFECYCLE, consumer: 'hear-returned' },
  personReturned,
  ({ person }, { env }) => resumeIfBack(env, person),
);
