/** Where people work: the company's Coder, their homes, and the hosts that are theirs alone. */
import * as z from 'zod';
import { HomesConfig, HostsConfig } from './homes-profile.ts';
import { url } from './web-address.ts';

export const WorkspacesConfig = z.strictObject({
  /** Coder counts how often one user calls one path: `CODER_API_RATE_LIMIT` of the deployment, as it comes. */
  coder: z.strictObject({ url, requests_per_minute: z.int().min(20).max(100_000).default(512) }).optional(),
  homes: HomesConfig.optional(),
  ecs: HostsConfig.optional(),
});
export type WorkspacesConfig = z.infer<typeof WorkspacesConfig>;
