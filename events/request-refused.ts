/** Somebody's prompt was refused by policy, by a guard or by a budget that is used up: once an hour for the same person, reason and subject. Holds nothing of the prompt. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const requestRefused = fact(
  'request-refused',
  'inference',
  {
    person: z.string(),
    reason: z.enum(['model_denied', 'route_denied', 'guarded', 'used_up']),
    /** Of the request that was first; the log tells of each. */
    request_id: z.string().max(200),
    /** As it was asked for. */
    model: z.string().max(100).optional(),
    /** Policies that applied, by name. */
    policies: z.array(z.string()).max(20).optional(),
    /** Kinds of what was found, such as `card-number`. */
    kinds: z.array(z.string().max(100)).max(20).optional(),
    /** The period of the budget. */
    period: z.enum(['daily', 'weekly', 'monthly']).optional(),
  },
  {
    person: 'per_01h00000000000000000000000',
    reason: 'model_denied',
    request_id: 'r-1',
    model: 'claude-opus-4-8',
    policies: ['contractors'],
  },
);
