/** A budget's spend passed one of its marks: warned, or exceeded. Told once a period and mark. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const budgetCrossed = fact(
  'budget-crossed',
  'usage',
  {
    budget: z.string(),
    scope: z.enum(['person', 'group', 'organization']),
    period: z.enum(['daily', 'weekly', 'monthly']),
    /** First day of the period, UTC. */
    period_start: z.iso.date(),
    state: z.enum(['warned', 'exceeded']),
    limit_micros: z.int(),
    used_micros: z.int(),
  },
  {
    person: 'per_01h00000000000000000000000',
    budget: 'person:per_01h00000000000000000000000:monthly',
    scope: 'person',
    period: 'monthly',
    period_start: '2026-11-01',
    state: 'exceeded',
    limit_micros: 1000000,
    used_micros: 1000500,
  },
);
