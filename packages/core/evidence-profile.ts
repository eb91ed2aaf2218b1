/** The profile's evidence: for how long nobody deletes what was sealed. */
import * as z from 'zod';

export const EvidenceConfig = z.strictObject({
  /** Seven years, and a day or two for leap years. */
  retention_days: z.int().min(1).max(36_500).default(2_557),
  /** COMPLIANCE: not even the account's root deletes a packet before. GOVERNANCE: whoever may bypass it does, which a stage to try things in needs. */
  mode: z.enum(['COMPLIANCE', 'GOVERNANCE']).default('COMPLIANCE'),
});
export type EvidenceConfig = z.infer<typeof EvidenceConfig>;

/** What of lifecycle's part the keepers of evidence read. */
export const EvidencePart = z.looseObject({ evidence: EvidenceConfig.prefault({}) });
