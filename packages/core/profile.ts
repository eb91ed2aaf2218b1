/** What a deployment knows of its company: issuers, directory, outside systems, periods. Each capability gets its own part in `CONFIG`. */
import * as z from 'zod';

const url = z.url();

/** An OIDC issuer whose people may sign in. `subject` says which claim is immutable: Entra ID joins tid and oid. */
export const Issuer = z.strictObject({
  issuer: url,
  /** Audiences of subject tokens that are ours. */
  audiences: z.array(z.string().min(1)).min(1),
  algorithms: z
    .array(z.enum(['RS256', 'ES256', 'EdDSA']))
    .min(1)
    .default(['RS256', 'ES256']),
  /** Where the keys are; without it, the issuer's discovery document says. */
  jwks_uri: url.optional(),
  subject: z.enum(['sub', 'entra-oid']).default('sub'),
  /** Whether the directory reader is the truth about this issuer's people. Otherwise status and groups come from the token alone. */
  directory: z.boolean().default(false),
});
export type Issuer = z.infer<typeof Issuer>;

export const AccessConfig = z.strictObject({
  /** The gateway's origin as clients write it: our `iss`, and the base of every endpoint. */
  public_url: url,
  issuers: z.array(Issuer).min(1),
  /** The issuer that people are sent to from the device page, and our client there. */
  login: z.strictObject({ issuer: url, client_id: z.string().min(1), scopes: z.string().default('openid email profile groups') }),
  /** Loopback issuers may speak plain http: only the embedded stack sets this. */
  allow_loopback_http: z.boolean().default(false),
});
export type AccessConfig = z.infer<typeof AccessConfig>;

export const PeopleConfig = z.strictObject({
  directory: z.strictObject({
    kind: z.enum(['okta']),
    /** The issuer whose subjects this directory knows. */
    issuer: url,
    url,
  }),
});
export type PeopleConfig = z.infer<typeof PeopleConfig>;

export const PolicyConfig = z.strictObject({ public_url: url });
export type PolicyConfig = z.infer<typeof PolicyConfig>;

export const UsageConfig = z.strictObject({});
export type UsageConfig = z.infer<typeof UsageConfig>;

export const LifecycleConfig = z.strictObject({
  /** Between the proof of death and the purge. */
  grace_seconds: z
    .int()
    .min(0)
    .max(90 * 86_400)
    .default(7 * 86_400),
});
export type LifecycleConfig = z.infer<typeof LifecycleConfig>;

export const KeysConfig = z.strictObject({
  litellm: z
    .strictObject({
      url,
      /** Every replica's own address: a blocked key lives on in each replica's cache. */
      replicas: z.array(url).min(1),
      cache_ttl_seconds: z.int().positive().default(60),
    })
    .optional(),
});
export type KeysConfig = z.infer<typeof KeysConfig>;

export const WorkspacesConfig = z.strictObject({ coder: z.strictObject({ url }).optional() });
export type WorkspacesConfig = z.infer<typeof WorkspacesConfig>;

/** A stage's whole profile. Unknown members are errors; all errors are told at once. */
export const Profile = z.strictObject({
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/),
  /** The partner event source that Okta's log stream was given, which is also the partner bus's name. */
  okta_partner_source: z.string().startsWith('aws.partner/okta.com/').optional(),
  network: z
    .strictObject({ vpc_id: z.string(), subnet_ids: z.array(z.string()).min(1), security_group_ids: z.array(z.string()).min(1) })
    .optional(),
  access: AccessConfig,
  policy: PolicyConfig,
  usage: UsageConfig,
  people: PeopleConfig,
  lifecycle: LifecycleConfig,
  keys: KeysConfig,
  workspaces: WorkspacesConfig,
});
export type Profile = z.infer<typeof Profile>;
