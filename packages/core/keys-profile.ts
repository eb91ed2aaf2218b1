/** The systems whose keys and seats are found and shut: the company's LiteLLM, and its organisation at Anthropic. */
import * as z from 'zod';
import { SeatsConfig } from './seats-profile.ts';
import { url } from './web-address.ts';

export const KeysConfig = z.strictObject({
  litellm: z
    .strictObject({
      url,
      /** Every replica's own address: a blocked key lives on in each replica's cache. */
      replicas: z.array(url).min(1),
      cache_ttl_seconds: z.int().positive().default(60),
    })
    .optional(),
  anthropic: SeatsConfig.optional(),
});
export type KeysConfig = z.infer<typeof KeysConfig>;
