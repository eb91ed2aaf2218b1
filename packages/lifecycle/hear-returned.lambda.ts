/** Hears that somebody came back, and gives back what was blocked: through the case that waits, or after it. */
import { personReturned } from '@gatehouse/events/person-returned';
import { onFact } from '@gatehouse/runtime/event';
import { ReturnEnv, welcomeBack } from './return.states.ts';

export const env = ReturnEnv;

export const handler = onFact(
  { env, table: ({ TABLE_LIFECYCLE }) => TABLE_LIFECYCLE, consumer: 'hear-returned' },
  personReturned,
  ({ person }, { env }) => welcomeBack(env, person),
);
