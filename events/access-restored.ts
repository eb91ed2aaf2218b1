/** A person came back before the purge: what Gatehouse had blocked works again. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const accessRestored = fact(
  'access-restored',
  'lifecycle',
  { person: z.string(), generation: z.int(), case_id: z.string() },
  { person: 'per_01h00000000000000000000000', generation: 3, case_id: 'cas_01h00000000000000000000000' },
);
