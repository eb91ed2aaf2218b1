/** A person who had left or was suspended is active again. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const personReturned = fact(
  'person-returned',
  'people',
  { person: z.string(), generation: z.int(), groups: z.array(z.string()) },
  { person: 'per_01h00000000000000000000000', generation: 3, groups: ['engineering'] },
);
