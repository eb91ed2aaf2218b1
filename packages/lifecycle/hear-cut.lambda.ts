/** Hears that somebody's access was cut: what they were given is theirs no longer, until an onboarding has seen it working again. */
import { accessCut } from '@gatehouse/events/access-cut';
import { timestamp } from '@gatehouse/runtime/clock';
import { onFact } from '@gatehouse/runtime/event';
import { transact } from '@gatehouse/runtime/table';
import * as z from 'zod';
import { grantsOf, turned } from './grant.dynamo.ts';

export const env = z.object({ TABLE_LIFECYCLE: z.string() });

export const handler = onFact(
  { env, table: ({ TABLE_LIFECYCLE }) => TABLE_LIFECYCLE, consumer: 'hear-cut' },
  accessCut,
  async ({ person, case_id }, { env, now }) => {
    const writing = { table: env.TABLE_LIFECYCLE, person, caseId: case_id, at: timestamp(now) };
    const held = (await grantsOf(env.TABLE_LIFECYCLE, person)).filter(({ state }) => state !== 'taken' && state !== 'blocked');
    if (held.length > 0) await transact(held.map((grant) => turned(writing, grant, 'blocked')));
  },
);
