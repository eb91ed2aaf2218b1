/**
 * A new version of the policy admits somebody whom the one before refused, or the other way round, or entitles somebody to something else in other
 * systems. Consumers ask what holds now before they act.
 */
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
    /** Admitted as before: only what they are entitled to elsewhere has changed. */
    grants: z.boolean().optional(),
    /** Which of the wave they are, from 0: whoever acts on many takes one after the other. */
    place: z.int().nonnegative().optional(),
    /** Who published the version: a person's id, or the name of what did. */
    author: z.string().optional(),
  },
  { person: 'per_01h00000000000000000000000', generation: 1, admitted: false, version: 2, wave: 1 },
);
