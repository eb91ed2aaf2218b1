/** A person's gate was shut, or one of their sessions ended before its time. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const sessionCut = fact(
  'session-cut',
  'access',
  { person: z.string(), epoch: z.int(), sessions: z.int(), reason: z.string() },
  { person: 'per_01h00000000000000000000000', epoch: 2, sessions: 1, reason: 'offboarding' },
);
