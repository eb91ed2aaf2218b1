/** A person became known, from a sign-in or from the directory. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const personJoined = fact(
  'person-joined',
  'people',
  { person: z.string(), generation: z.int(), groups: z.array(z.string()) },
  { person: 'per_01h00000000000000000000000', generation: 1, groups: ['engineering'] },
);
