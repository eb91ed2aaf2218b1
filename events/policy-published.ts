/** A new version of the policy document is in force. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const policyPublished = fact(
  'policy-published',
  'policy',
  { version: z.int(), author: z.string(), reason: z.string(), digest: z.string() },
  { version: 2, author: 'per_01h00000000000000000000000', reason: 'contractors may use Haiku', digest: 'sha256:0000' },
);
