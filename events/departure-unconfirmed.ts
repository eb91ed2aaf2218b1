/** An event said that a person is leaving, and the directory could not be read to confirm it. Nobody has left by this alone. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const departureUnconfirmed = fact(
  'departure-unconfirmed',
  'people',
  {
    person: z.string(),
    /** The person's own: nothing has changed yet. */
    generation: z.int(),
    /** The event source, e.g. okta-log-stream. */
    source: z.string(),
    /** Its id of the event. */
    cause: z.string(),
  },
  {
    person: 'per_01h00000000000000000000000',
    generation: 1,
    source: 'okta-log-stream',
    cause: 'ab62c0bc-2837-11eb-9823-9fb8f750c5a9',
  },
);
