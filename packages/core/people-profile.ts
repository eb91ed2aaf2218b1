/** People's part of a profile: which directories are the truth about whom, what SCIM pushes, and which hooks are listened to. */
import * as z from 'zod';
import { url } from './web-address.ts';

/** The issuer whose subjects a directory knows, as tokens write it. */
const issuer = url;

const Directory = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('okta'), issuer, url }),
  z.strictObject({
    kind: z.literal('entra'),
    issuer,
    tenant: z.string().min(1),
    /** The app registration that reads users and groups (User.Read.All, GroupMember.Read.All). */
    client_id: z.string().min(1),
    url: url.default('https://graph.microsoft.com'),
    login_url: url.default('https://login.microsoftonline.com'),
  }),
  z.strictObject({
    kind: z.literal('cognito'),
    issuer,
    /** In our own account and region. */
    user_pool_id: z.string().regex(/^[\w-]+_[0-9a-zA-Z]+$/),
  }),
  z.strictObject({
    kind: z.literal('identity-center'),
    issuer,
    /** Of the instance in our own account and region. */
    identity_store_id: z.string().regex(/^d-[0-9a-f]{10}$/),
  }),
  z.strictObject({
    kind: z.literal('auth0'),
    /** As its tokens write it, with the slash at its end. */
    issuer,
    /** The tenant's own origin, whatever domain its people sign in at. */
    url,
    /** The machine-to-machine application that reads users and groups. */
    client_id: z.string().min(1),
    /** What policies call groups: Auth0's groups, or its roles, whose changes no event tells of. */
    groups_from: z.enum(['groups', 'roles']).default('groups'),
  }),
  z.strictObject({
    kind: z.literal('google'),
    issuer: issuer.default('https://accounts.google.com'),
    /** The administrator with rights to read whom the service account stands for. */
    admin: z.email(),
    customer: z.string().min(1).default('my_customer'),
    url: url.default('https://admin.googleapis.com'),
    token_url: url.default('https://oauth2.googleapis.com/token'),
  }),
  /** What was pushed to our own SCIM server, by the identity provider of this issuer. */
  z.strictObject({ kind: z.literal('scim'), issuer }),
]);
export type Directory = z.infer<typeof Directory>;

const Scim = z.strictObject({
  /** Whose people are pushed. */
  issuer,
  /** Which attribute is the subject of their tokens. */
  subject: z.enum(['external_id', 'user_name', 'id']).default('external_id'),
  /** Put before it: for Entra ID the tenant's id and a slash. */
  prefix: z.string().default(''),
});
export type Scim = z.infer<typeof Scim>;

/** A transmitter of security events (RFC 8417), of Global Token Revocation or of logout tokens. Its JWTs are checked against the keys at `jwks_uri`. */
const Transmitter = z.strictObject({
  issuer,
  audience: z.string().min(1),
  jwks_uri: url,
  algorithms: z
    .array(z.enum(['RS256', 'ES256', 'EdDSA']))
    .min(1)
    .default(['RS256']),
  /** The issuer that its subjects belong to, where that is another than its own. */
  people: issuer.optional(),
});
export type Transmitter = z.infer<typeof Transmitter>;

const Hooks = z.strictObject({
  okta: z.strictObject({ issuer }).optional(),
  entra: z.strictObject({ issuer, tenant: z.string().min(1) }).optional(),
  authentik: z.strictObject({ issuer }).optional(),
  ssf: z.array(Transmitter).default([]),
  /** Okta's Universal Logout. */
  token_revocation: z.array(Transmitter).default([]),
  /** OpenID Connect back-channel logout; the audience is the client's id at that provider. */
  oidc_logout: z.array(Transmitter).default([]),
});
export type Hooks = z.infer<typeof Hooks>;

/** Keys, seats, accounts and workspaces that belong to nobody here. */
const Orphans = z.strictObject({
  /** Addresses and ids of owners who are no people, as service accounts are: an orphan of theirs is none. */
  ignore: z.array(z.string().min(1)).default([]),
  /** Keys are blocked so many hours after they were told of. Otherwise nothing is done unless an admin says so. */
  block_after_hours: z.int().min(1).max(8_760).optional(),
  /** More than so many at once are blocked by an admin's word only. */
  at_most: z.int().min(1).max(1_000).default(5),
});

const oneAnIssuer = (all: readonly Directory[]) => new Set(all.map(({ issuer: one }) => one)).size === all.length;

export const PeopleConfig = z.strictObject({
  /** One an issuer; a single one may stand without its list. */
  directory: z
    .union([Directory, z.array(Directory).min(1)])
    .transform((one) => [one].flat())
    .refine(oneAnIssuer, 'two directories have one issuer'),
  scim: Scim.optional(),
  hooks: Hooks.prefault({}),
  orphans: Orphans.prefault({}),
  /**
   * How long a source may say nothing before somebody is told, where that is not as its kind implies; by its name: okta-log-stream, okta-hook, entra, entra-delta, auth0,
   * google-reports, authentik, ssf, token-revocation, oidc-logout, scim, cloudtrail. */
  sources: z.record(z.string(), z.strictObject({ silent_after_seconds: z.int().min(600) })).default({}),
});
export type PeopleConfig = z.infer<typeof PeopleConfig>;
