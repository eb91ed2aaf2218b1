/** The directory says, read afresh, that a person is suspended, deactivated or deleted. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const personLeft = fact(
  'person-left',
  'people',
  {
    person: z.string(),
    generation: z.int(),
    status: z.enum(['suspended', 'left']),
    /** explicit: an event said so and the directory agrees; inferred: only a sweep or an absence says so. */
    evidence: z.enum(['explicit', 'inferred']),
    /** The event source, e.g. okta-log-stream. */
    source: z.string(),
  },
  {
    person: 'per_01h00000000000000000000000',
    generation: 2,
    status: 'left',
    evidence: 'explicit',
    source: 'okta-log-stream',
    cause: 'ab62c0bc-2837-11eb-9823-9fb8f750c5a9',
  },
);
