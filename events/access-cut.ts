/** Everything that can be cut at once was cut; nothing is proven yet. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const accessCut = fact(
  'access-cut',
  'lifecycle',
  { person: z.string(), generation: z.int(), case_id: z.string(), targets: z.int() },
  { person: 'per_01h00000000000000000000000', generation: 2, case_id: 'cas_01h00000000000000000000000', targets: 3 },
);
