/** A new version of the policy admits somebody whom the one before refused, or the other way round. Consumers ask what holds now before they act. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const entitlementChanged = fact(
  'entitlement-changed',
  'policy',
  {
    person: z.string(),
    generation: z.int(),
    /** What the version says; the head may have moved on. */
    admitted: z.boolean(),
    version: z.int(),
    /** How many people this version changes in this way: a guard may want to hold a wave. */
    wave: z.int(),
  },
  { person: 'per_01h00000000000000000000000', generation: 1, admitted: false, version: 2, wave: 1 },
);
