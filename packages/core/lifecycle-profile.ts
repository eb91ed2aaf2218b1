/** What a deployment says of its leavers: the grace period, the guard of waves, the evidence, and whether joiners come in by themselves. */
import * as z from 'zod';
import { EvidenceConfig } from './evidence-profile.ts';
import { GuardConfig } from './guard-profile.ts';

export const LifecycleConfig = z.strictObject({
  /** Between the proof of death and the purge. */
  grace_seconds: z
    .int()
    .min(0)
    .max(90 * 86_400)
    .default(7 * 86_400),
  guard: GuardConfig.prefault({}),
  evidence: EvidenceConfig.prefault({}),
  /** Whoever the directory tells of is onboarded by itself, and moves with their groups. Otherwise admins do both. */
  onboard_joiners: z.boolean().default(true),
});
export type LifecycleConfig = z.infer<typeof LifecycleConfig>;
