/** A retired refresh token came back: the family and its sessions were shut. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const refreshReused = fact(
  'refresh-reused',
  'access',
  { person: z.string(), family: z.string(), session: z.string(), presented_step: z.int(), current_step: z.int() },
  {
    person: 'per_01h00000000000000000000000',
    family: 'fam_01h00000000000000000000000',
    session: 'ses_01h00000000000000000000000',
    presented_step: 3,
    current_step: 5,
  },
);
