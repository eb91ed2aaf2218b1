/** The identity provider says that a person's sessions are over. They have not left: who is still welcome signs in again. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const signOutAsked = fact(
  'sign-out-asked',
  'people',
  {
    person: z.string(),
    /** What told us: ssf, token-revocation. */
    source: z.string(),
    /** Its id of the event. */
    cause: z.string(),
  },
  { person: 'per_01h00000000000000000000000', source: 'token-revocation', cause: '5f2a7c1e-9f2b-4e83-9a29-3f6d6c1a2b77' },
);
