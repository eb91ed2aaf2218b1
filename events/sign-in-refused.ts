/** Somebody was refused a session. The reason is exact here and vague on the wire. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const signInRefused = fact(
  'sign-in-refused',
  'access',
  {
    person: z.string().optional(),
    /** The grant that was tried. */
    grant: z.enum(['device_code', 'token_exchange', 'refresh_token']),
    reason: z.string(),
    issuer: z.string().optional(),
  },
  { grant: 'token_exchange', reason: 'not_entitled', issuer: 'https://idp.example.com' },
);
