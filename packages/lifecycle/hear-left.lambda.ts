/** Hears that somebody left, and starts their offboarding: one a generation. The machine re-reads the truth before it cuts. */
import { personLeft } from '@gatehouse/events/person-left';
import { onFact } from '@gatehouse/runtime/event';
import * as z from 'zod';
import { idFrom } from './case.ts';
import { startOffboarding } from './leaving.states.ts';

export const env = z.object({ TABLE_LIFECYCLE: z.string(), MACHINE_OFFBOARDING_ARN: z.string() });

export const handler = onFact(
  { env, table: ({ TABLE_LIFECYCLE }) => TABLE_LIFECYCLE, consumer: 'hear-left' },
  personLeft,
  async ({ person, generation, status, cause, id }, { env }) => {
    const reason = status === 'suspended' ? 'suspended in the directory' : 'deactivated or deleted in the directory';
    const input = { person, reason, trigger: 'event' as const, generation, cause: cause ?? id };
    await startOffboarding(env.MACHINE_OFFBOARDING_ARN, idFrom('left', person, generation), input);
  },
);
