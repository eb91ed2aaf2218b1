/** The profile's blast-radius guard: how many may leave within a while before a person is asked about all of them. */
import * as z from 'zod';

export const GuardConfig = z.strictObject({
  window_seconds: z.int().min(60).max(86_400).default(3_600),
  /** More than so many are always a wave. */
  max_people: z.int().min(1).default(25),
  /** More than this share of all who are here is one too, */
  max_share: z.number().positive().max(1).default(0.2),
  /** but never so few. */
  min_people: z.int().min(1).default(10),
});
export type GuardConfig = z.infer<typeof GuardConfig>;
