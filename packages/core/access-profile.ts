/** Access's part of the profile: who may sign in, by which issuers, and for how long. Apart from the whole, which no function that signs in has to load. */
import * as z from 'zod';
import { PersonId } from './ids.ts';
import { url } from './web-address.ts';

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
