/** Every credential of a leaver reached the best proof of its kind. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const accessProvenDead = fact(
  'access-proven-dead',
  'lifecycle',
  {
    person: z.string(),
    generation: z.int(),
    case_id: z.string(),
    grades: z.record(z.string(), z.enum(['probed', 'observed', 'attested'])),
  },
  {
    person: 'per_01h00000000000000000000000',
    generation: 2,
    case_id: 'cas_01h00000000000000000000000',
    grades: { sessions: 'probed', 'virtual-keys': 'attested', workspaces: 'observed' },
  },
);
