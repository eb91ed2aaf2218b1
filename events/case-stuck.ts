/** A case needs a person: what happened and what to do. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const caseStuck = fact(
  'case-stuck',
  'lifecycle',
  { person: z.string(), case_id: z.string(), message: z.string() },
  {
    person: 'per_01h00000000000000000000000',
    case_id: 'cas_01h00000000000000000000000',
    message: 'LiteLLM refused the master key: put the right one into its secret, then redrive',
  },
);
