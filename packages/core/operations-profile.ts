/** Operations' part of a profile: what of the platform is watched, and who is told how urgently. */
import * as z from 'zod';
import { url } from './web-address.ts';

const Channel = z.enum(['slack', 'pagerduty']);

export const OperationsConfig = z.strictObject({
  /** RDS instances, by identifier. */
  databases: z.array(z.string().min(1)).default([]),
  /** EFS file systems of the homes. */
  file_systems: z.array(z.string().regex(/^fs-[0-9a-f]{8,17}$/, 'a file system id, like fs-0123456789abcdef0')).default([]),
  /** ECS clusters of the workspaces, by name. */
  clusters: z.array(z.string().min(1)).default([]),
  /** Bedrock models whose throttling is watched, as CloudWatch names them. */
  bedrock_models: z.array(z.string().min(1)).default([]),
  /** ACM certificates whose end is watched. */
  certificates: z.array(z.string().startsWith('arn:')).default([]),
  /** Who gets every alarm by e-mail; each has to confirm once. */
  emails: z.array(z.email()).default([]),
  /** Severity -> where else it is told. Their secrets are `slack-webhook` and `pagerduty-key`. */
  channels: z
    .strictObject({ page: z.array(Channel).default([]), notify: z.array(Channel).default([]), note: z.array(Channel).default([]) })
    .prefault({}),
  /** PagerDuty's Events API; the EU's is https://events.eu.pagerduty.com. */
  pagerduty_url: url.default('https://events.pagerduty.com'),
});
export type OperationsConfig = z.infer<typeof OperationsConfig>;
