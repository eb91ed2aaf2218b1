/** Somebody has what the policy entitles them to, seen working. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const personOnboarded = fact(
  'person-onboarded',
  'lifecycle',
  { person: z.string(), generation: z.int(), case_id: z.string(), grants: z.int() },
  { person: 'per_01h00000000000000000000000', generation: 1, case_id: 'cas_01h00000000000000000000000', grants: 3 },
);
