/** Where the gateway sends prompts: explicit tiers, tried in the order written. Nothing is inferred from what credentials happen to be around. */
import * as z from 'zod';
import { url } from './web-address.ts';

const region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'an AWS region such as us-east-1');

/** The Anthropic API, by the key in the secret `anthropic-key`. */
const Anthropic = z.strictObject({ kind: z.literal('anthropic'), url: url.default('https://api.anthropic.com') });

/** Claude Platform on AWS. */
const AnthropicAws = z.strictObject({
  kind: z.literal('anthropic-aws'),
  workspace_id: z.string({ error: 'no workspace id: write workspace_id, like wrkspc_..., every request names it' }).startsWith('wrkspc_'),
  /** Without it, the function's own region: a workspace lives in one. */
  region: region.optional(),
  url: url.optional(),
  /** `iam` signs as the function's role; `api-key` sends the key in the secret `anthropic-aws-key`. */
  auth: z.enum(['iam', 'api-key']).default('iam'),
});

/** Amazon Bedrock, signed as the function's role. */
const Bedrock = z.strictObject({
  kind: z.literal('bedrock'),
  region: region.optional(),
  url: url.optional(),
  /** The inference profiles that models are asked through: `us` makes `us.anthropic...`. Without it, the foundation model of the region. */
  profile: z.enum(['us', 'us-gov', 'eu', 'apac', 'jp', 'au', 'ca', 'global']).optional(),
  /** Our name of a model -> Bedrock's id, where it is not the usual one. */
  models: z.record(z.string().min(1), z.string().min(1)).default({}),
});

export const Upstream = z.discriminatedUnion('kind', [Anthropic, AnthropicAws, Bedrock]);
export type Upstream = z.infer<typeof Upstream>;

export const InferenceConfig = z.strictObject({
  /** None: the gateway passes nothing on. */
  upstreams: z
    .array(Upstream)
    .max(3)
    .refine((all) => new Set(all.map(({ kind }) => kind)).size === all.length, 'each kind of upstream once')
    .default([]),
  /** The negotiated share of the list price, in millionths: not written here, it is `usage.price_ppm`. */
  price_ppm: z.int().min(1).max(1_000_000).default(1_000_000),
  /** One sentence for people who are refused, e.g. where to ask for more. */
  help: z.string().max(200).optional(),
  /** Models that clients are offered by name. */
  models: z
    .array(z.string().min(1))
    .max(50)
    .default(['claude-opus-5', 'claude-sonnet-5', 'claude-opus-4-8', 'claude-sonnet-4-6', 'claude-haiku-4-5']),
});
export type InferenceConfig = z.infer<typeof InferenceConfig>;
