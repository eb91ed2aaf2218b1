/** The profile's Anthropic organization: where its admin API is, which of the two kinds it is of, and how much it may be asked. */
import * as z from 'zod';
import { url } from './web-address.ts';

export const SeatsConfig = z.strictObject({
  url: url.default('https://api.anthropic.com'),
  /** Console organizations have API keys that outlive their makers; Claude Enterprise ones have none. */
  kind: z.enum(['console', 'enterprise']),
  /** Anthropic counts the calls of a whole organization; others may be asking too. */
  requests_per_minute: z.int().min(20).max(10_000).default(100),
});
export type SeatsConfig = z.infer<typeof SeatsConfig>;
