/** A person who is still here won or lost groups. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const personMoved = fact(
  'person-moved',
  'people',
  { person: z.string(), generation: z.int(), gained: z.array(z.string()), lost: z.array(z.string()), groups: z.array(z.string()) },
  { person: 'per_01h00000000000000000000000', generation: 1, gained: [], lost: ['engineering'], groups: [] },
);
