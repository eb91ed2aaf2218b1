/**
 * Hears that somebody left, or that an event says so and the directory is silent, and starts their offboarding: one a generation, or one an event.
 * The machine asks the directory itself before it cuts; while that is silent it shuts the sessions and nothing else.
 */
import { departureUnconfirmed } from '@gatehouse/events/departure-unconfirmed';
import { personLeft } from '@gatehouse/events/person-left';
import { onFact } from '@gatehouse/runtime/event';
import * as z from 'zod';
import { idFrom } from './case.ts';
import { startOffboarding } from './leaving.states.ts';

export const env = z.object({ TABLE_LIFECYCLE: z.string(), MACHINE_OFFBOARDING_ARN: z.string() });

export const handler = onFact(
  { env, table: ({ TABLE_LIFECYCLE }) => TABLE_LIFECYCLE, consumer: 'hear-left' },
  [personLeft, departureUnconfirmed],
  async (fact, { env }) => {
    const { person, generation, cause, id } = fact;
    const confirmed = 'status' in fact;
    const input = {
      person,
      reason: reasonOf(fact),
      trigger: 'event' as const,
      generation,
      cause: cause ?? id,
      ...(confirmed && { evidence: fact.evidence }),
    };
    const name = confirmed ? idFrom('left', person, generation) : idFrom('unconfirmed', id);
    await startOffboarding(env.MACHINE_OFFBOARDING_ARN, name, input);
  },
);

function reasonOf(fact: object): string {
  if (!('status' in fact)) return 'said to have left by an event; the directory could not be read';
  return fact.status === 'suspended' ? 'suspended in the directory' : 'deactivated or deleted in the directory';
}
