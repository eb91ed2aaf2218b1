/** Something of a person's record changed: names, groups or status. Consumers re-read the record. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const personChanged = fact(
  'person-changed',
  'people',
  { person: z.string(), generation: z.int(), status: z.enum(['active', 'suspended', 'left']), groups: z.array(z.string()) },
  { person: 'per_01h00000000000000000000000', generation: 1, status: 'active', groups: ['engineering'] },
);
