/** A case of a leaver is closed and its packet signed: nothing of it changes from now on. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const evidenceSealed = fact(
  'evidence-sealed',
  'lifecycle',
  { person: z.string(), case_id: z.string(), status: z.string(), head: z.string() },
  { person: 'per_01h00000000000000000000000', case_id: 'cas_01h00000000000000000000000', status: 'done', head: '0'.repeat(64) },
);
