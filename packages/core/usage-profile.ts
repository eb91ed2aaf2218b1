/** Usage's part of a profile: what the company really pays, its own budgets, and where bills and telemetry come from and go to. */
import * as z from 'zod';
import { url } from './web-address.ts';

const Marks = z.array(z.int().min(1).max(100)).max(10).default([75, 90, 95]);

export const UsageConfig = z.strictObject({
  /** The negotiated share of the list price, in millionths: 1,000,000 is the list price. Holds for what is priced from its deployment on. */
  price_ppm: z.int().min(1).max(1_000_000).default(1_000_000),
  /** Application inference profiles tell nothing of their model: ARN -> the model, as any spelling of it. */
  inference_profiles: z.record(z.string().startsWith('arn:'), z.string().min(1)).default({}),
  /** What the whole company may use. Those of people and groups are the policy's. */
  budgets: z
    .array(z.strictObject({ period: z.enum(['daily', 'weekly', 'monthly']), amount_micros: z.int().positive(), warn_percent: Marks }))
    .max(3)
    .refine((all) => new Set(all.map(({ period }) => period)).size === all.length, 'one budget a period')
    .default([]),
  /** Groups that have a metric of their own spend; the others count together. */
  metric_groups: z.array(z.string().min(1)).max(20).default([]),
  /** Anthropic's Admin API, asked once a day for what it billed. Its secret is `anthropic-report-key`. */
  anthropic: z.strictObject({ url: url.default('https://api.anthropic.com') }).optional(),
  /** Whether metrics go on to CloudWatch's own OTLP endpoint, too, as exporters wrote them: their attributes are claims there as here. */
  forward_metrics: z.boolean().default(false),
  /** The log group that Bedrock's model invocation logging writes to. */
  bedrock_log_group: z.string().min(1).optional(),
});
export type UsageConfig = z.infer<typeof UsageConfig>;
