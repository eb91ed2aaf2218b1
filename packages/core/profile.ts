/** What a deployment knows of its company: issuers, directory, outside systems, periods. Each capability gets its own part in `CONFIG`. */
import * as z from 'zod';
import { GuardConfig } from './guard-profile.ts';
import { PersonId } from './ids.ts';
import { InferenceConfig } from './inference-profile.ts';
import { OperationsConfig } from './operations-profile.ts';
import { PeopleConfig } from './people-profile.ts';
import { SeatsConfig } from './seats-profile.ts';
import { UsageConfig } from './usage-profile.ts';

const url = z.url();

const IssuerKind = z.enum(['oidc', 'entra', 'okta', 'cognito', 'google', 'authentik', 'auth0']);

/** What an identity provider's tokens are like, where the profile says nothing else. */
const kinds = {
  oidc: { algorithms: ['RS256', 'ES256'], subject: 'sub', groups_claim: 'groups' },
  entra: { algorithms: ['RS256'], subject: 'entra-oid', groups_claim: 'groups' },
  okta: { algorithms: ['RS256'], subject: 'sub', groups_claim: 'groups' },
  cognito: { algorithms: ['RS256'], subject: 'sub', groups_claim: 'cognito:groups' },
  google: { algorithms: ['RS256'], subject: 'sub', groups_claim: 'groups' },
  authentik: { algorithms: ['RS256', 'ES256'], subject: 'sub', groups_claim: 'groups' },
  auth0: { algorithms: ['RS256'], subject: 'sub', groups_claim: 'groups' },
} as const;

/** What is easily written wrong in an issuer of this kind. Undefined when it is right. */
function mistakeOf({
  kind,
  issuer,
  tenants,
  hosted_domain,
}: { kind: keyof typeof kinds; issuer: string } & Mistakable): string | undefined {
  const everybody = issuer.includes('{tenantid}');
  if (everybody && kind !== 'entra') return '{tenantid} is for kind "entra"';
  if (everybody && !tenants) return 'an issuer with {tenantid} takes every tenant of the world: list yours in "tenants"';
  if (tenants && !everybody) return '"tenants" belongs to an issuer with {tenantid}';
  if ((kind === 'authentik' || kind === 'auth0') && !issuer.endsWith('/'))
    return `tokens of ${kind} write their issuer with a slash at its end`;
  if (kind === 'cognito' && issuer.endsWith('/')) return 'tokens of Cognito write their issuer without a slash at its end';
  if (kind === 'google' && issuer !== 'https://accounts.google.com') return 'the issuer of Google is https://accounts.google.com';
  if (kind === 'google' && !hosted_domain) return 'without "hosted_domain" everybody with a Google account could sign in';
  return undefined;
}
interface Mistakable {
  tenants?: readonly string[] | undefined;
  hosted_domain?: string | undefined;
}

/** An OIDC issuer whose people may sign in. `kind` gives what is left out; `subject` says which claim is immutable: Entra ID joins tid and oid. */
export const Issuer = z
  .strictObject({
    kind: IssuerKind.default('oidc'),
    /** As tokens write it. For Entra ID, `{tenantid}` may stand for each of `tenants`. */
    issuer: url,
    /** Audiences of subject tokens that are ours. */
    audiences: z.array(z.string().min(1)).min(1),
    algorithms: z
      .array(z.enum(['RS256', 'ES256', 'EdDSA']))
      .min(1)
      .optional(),
    /** Where the keys are; without it, the issuer's discovery document says. */
    jwks_uri: url.optional(),
    subject: z.enum(['sub', 'entra-oid']).optional(),
    /** Entra ID: the tenants whose people may sign in, where the issuer names none. */
    tenants: z.array(z.string().min(1)).min(1).optional(),
    /** Google: the Workspace domain whose people may sign in. */
    hosted_domain: z.string().min(1).optional(),
    /** Where a token lists groups. */
    groups_claim: z.string().min(1).optional(),
    /** Entra ID: who asks Microsoft Graph for the groups of people who have too many for a token. Its secret is `entra-graph`. */
    graph: z
      .strictObject({
        client_id: z.string().min(1),
        url: url.default('https://graph.microsoft.com/v1.0'),
        login_url: url.default('https://login.microsoftonline.com'),
      })
      .optional(),
    /** Whether the directory reader is the truth about this issuer's people. Otherwise status and groups come from the token alone. */
    directory: z.boolean().default(false),
  })
  .superRefine((written, context) => {
    const mistake = mistakeOf(written);
    if (mistake) context.addIssue({ code: 'custom', message: mistake, path: ['issuer'] });
  })
  .transform((written) => {
    const usual = kinds[written.kind];
    return {
      ...written,
      algorithms: written.algorithms ?? [...usual.algorithms],
      subject: written.subject ?? usual.subject,
      groups_claim: written.groups_claim ?? usual.groups_claim,
    };
  });
export type Issuer = z.infer<typeof Issuer>;

/** A claim's demand. A prefix ends where a name ends, so that `acme/` does not mean `acme-evil/`. */
const Demand = z.union([
  z.strictObject({ equals: z.string().min(1) }),
  z.strictObject({ prefix: z.string().regex(/[/:#@]$/, 'a prefix must end in one of / : # @') }),
]);

/** A build or another service that signs in by its own platform's token, for a person who answers for it. */
export const Service = z.strictObject({
  /** What the exchange names in `rule`: nothing is searched. */
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  /** e.g. https://token.actions.githubusercontent.com */
  issuer: url,
  audiences: z.array(z.string().min(1)).min(1),
  algorithms: z
    .array(z.enum(['RS256', 'ES256', 'EdDSA']))
    .min(1)
    .default(['RS256', 'ES256']),
  jwks_uri: url.optional(),
  /** Claim -> what it must be; all of them hold. */
  match: z.record(z.string().min(1), Demand).refine((demands) => Object.keys(demands).length > 0, 'at least one claim must be demanded'),
  /** Its tokens are this person's: they die with the person, and pass on when another is named here. */
  owner: PersonId,
  scopes: z.array(z.enum(['policy', 'otlp', 'inference', 'usage'])).min(1),
  max_seconds: z
    .int()
    .min(60)
    .max(3 * 3600)
    .default(900),
});
export type Service = z.infer<typeof Service>;

export const AccessConfig = z.strictObject({
  issuers: z.array(Issuer).min(1),
  /** The issuer that people are sent to from the device page, and our client there. */
  login: z.strictObject({ issuer: url, client_id: z.string().min(1), scopes: z.string().default('openid email profile groups') }),
  /** Builds and other services, each by a rule of its own. */
  services: z
    .array(Service)
    .default([])
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'two services have one name'),
  refresh: z
    .strictObject({
      /** A sign-in that nobody used for so long is over, well before its absolute end after 30 days. */
      idle_seconds: z
        .int()
        .min(4 * 3600)
        .max(30 * 86_400)
        .default(14 * 86_400),
      /** Who may ask again, within the grace, for an answer that got lost: `same_client` takes another address or user agent for a thief. */
      grace: z.enum(['anywhere', 'same_client']).default('anywhere'),
    })
    .prefault({}),
  /** Loopback issuers may speak plain http: only the embedded stack sets this. */
  allow_loopback_http: z.boolean().default(false),
});
export type AccessConfig = z.infer<typeof AccessConfig>;

export const LifecycleConfig = z.strictObject({
  /** Between the proof of death and the purge. */
  grace_seconds: z
    .int()
    .min(0)
    .max(90 * 86_400)
    .default(7 * 86_400),
  guard: GuardConfig.prefault({}),
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
  anthropic: SeatsConfig.optional(),
});
export type KeysConfig = z.infer<typeof KeysConfig>;

export const WorkspacesConfig = z.strictObject({ coder: z.strictObject({ url }).optional() });
export type WorkspacesConfig = z.infer<typeof WorkspacesConfig>;

/** The name that clients write. It resolves to private addresses: the CLI refuses a gateway on a public one. */
const Domain = z.union([
  z.strictObject({
    name: z.hostname(),
    /** A public Route 53 zone of this account above the name: the record is made there, and the certificate proven by it, unless one is given. */
    zone_id: z.string().regex(/^Z[A-Z0-9]{5,31}$/, 'a Route 53 zone id, like Z0123456789ABCDEFGHIJ'),
    /** Imported, so that its rotation is yours: the CLI pins what it saw at sign-in. */
    certificate_arn: z.string().startsWith('arn:').optional(),
  }),
  z.strictObject({
    name: z.hostname(),
    certificate_arn: z.string().startsWith('arn:'),
  }),
]);

/** A second, regional API for identity providers on the internet: `/scim` and `/hooks`, and nothing else. */
const Edge = z.strictObject({
  /** AWS WAF with a limit of requests for each address, for a few dollars a month. */
  waf: z.boolean().default(false),
  requests_per_second: z.int().min(1).max(1000).default(50),
});

/** Concurrent environments of Lambda. New accounts have ten in all, so that nothing can be set aside there. */
const Capacity = z.strictObject({
  /** Kept free for telemetry, which must never wait behind anything else. */
  telemetry_floor: z.int().min(1).max(1000).optional(),
  /** Open streams at once: each holds an environment for as long as it lasts. */
  inference_cap: z.int().min(1).max(5000).optional(),
});

/** People in a Cognito pool of Gatehouse's own, for a company that has no identity provider: the access part then names no issuer. */
const NewPool = z.strictObject({
  /** The prefix of the pool's sign-in page: `<prefix>.auth.<region>.amazoncognito.com`. */
  sign_in_prefix: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/),
});

/** A stage's whole profile. Unknown members are errors; all errors are told at once. */
export const Profile = z.strictObject({
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/),
  /** Tables, keys, secrets and buckets outlive `sst remove`. Without it a removed stage leaves nothing behind. */
  keep_data: z.boolean().default(true),
  /** Without it the API is reached by its own name with the stage in the path, where the CLI's sign-in cannot find it. */
  domain: Domain.optional(),
  /** The gateway's origin where it is not `https://<domain>`, as behind a proxy of the company's own: our `iss`, and the base of every endpoint. */
  public_url: url.optional(),
  edge: Edge.optional(),
  capacity: Capacity.prefault({}),
  new_pool: NewPool.optional(),
  /** The partner event source that Okta's log stream was given, which is also the partner bus's name. */
  okta_partner_source: z.string().startsWith('aws.partner/okta.com/').optional(),
  /** The company's own network; without it a small one is made. */
  network: z
    .strictObject({ vpc_id: z.string(), subnet_ids: z.array(z.string()).min(1), security_group_ids: z.array(z.string()).min(1) })
    .optional(),
  /** Of the network that is made: each zone has an endpoint of its own, and its price. */
  zones: z.union([z.literal(1), z.literal(2)]).default(2),
  access: AccessConfig,
  usage: UsageConfig,
  people: PeopleConfig,
  lifecycle: LifecycleConfig,
  keys: KeysConfig,
  workspaces: WorkspacesConfig,
  operations: OperationsConfig.prefault({}),
  inference: InferenceConfig.prefault({}),
});
export type Profile = z.infer<typeof Profile>;
