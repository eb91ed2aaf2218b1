/** The profile of the embedded company: everything on loopback. The same schema that a deployed stage fills. */
import { Profile } from '@gatehouse/core/profile';
import { auth0Client } from './idp/auth0.ts';
import { identityStoreId, userPoolId } from './idp/aws-directories.ts';
import { entraClient, entraTenant } from './idp/entra.ts';
import { googleAdmin } from './idp/google.ts';
import { memberCallsPerMinute } from './outside/anthropic/create-anthropic.ts';
import { localModelKeys } from './outside/anthropic/doors.ts';
import { coderCallsPerMinute } from './outside/coder/create-coder.ts';
import { host } from './ports.ts';

export const stage = 'local';
const eventSources = ['okta-log-stream', 'okta-hook', 'entra', 'entra-delta', 'google-reports', 'auth0', 'cloudtrail', 'authentik', 'scim'];
export const partnerBus = 'aws.partner/okta.com/acme/gatehouse';

export interface Addresses {
  gateway: string;
  aws: string;
  idp: string;
  outside: string;
}

export function addressesOf(port: number): Addresses {
  const at = (offset: number) => `http://${host}:${port + offset}`;
  return { gateway: at(0), aws: at(1), idp: at(2), outside: at(3) };
}

/** LiteLLM's replicas, each with a cache of its own. */
export const replicas = 2;

/** Whose people an identity provider pushes by SCIM. Nobody at the start: the company itself is in the directory. */
function scimIssuer(idp: string): string {
  return `${idp}/scim`;
}

/** `vendorLimits` is how many times their real limits the stand-ins take; 1 unless told. */
export function localProfile(
  { gateway, idp, outside }: Addresses,
  { issuer, vendorLimits = 1 }: { issuer?: string; vendorLimits?: number } = {},
): Profile {
  return Profile.parse({
    region: 'us-east-1',
    okta_partner_source: partnerBus,
    public_url: gateway,
    access: {
      issuers: [
        { issuer: idp, audiences: ['gatehouse'], directory: true },
        ...(issuer === undefined ? [] : [{ issuer, audiences: ['gatehouse'], directory: false }]),
      ],
      login: { issuer: idp, client_id: 'gatehouse' },
      allow_loopback_http: true,
    },
    usage: { anthropic: { url: `${outside}/anthropic` } },
    people: {
      directory: [
        { kind: 'okta', issuer: idp, url: idp },
        { kind: 'scim', issuer: scimIssuer(idp) },
        {
          kind: 'entra',
          issuer: `${idp}/entra/v2.0`,
          tenant: entraTenant,
          client_id: entraClient,
          url: `${idp}/entra/graph`,
          login_url: `${idp}/entra`,
        },
        { kind: 'cognito', issuer: `${idp}/${userPoolId}`, user_pool_id: userPoolId },
        { kind: 'identity-center', issuer: `${idp}/identity-center`, identity_store_id: identityStoreId },
        { kind: 'auth0', issuer: `${idp}/auth0/`, url: `${idp}/auth0`, client_id: auth0Client },
        { kind: 'google', issuer: `${idp}/google`, admin: googleAdmin, url: `${idp}/google`, token_url: `${idp}/google/token` },
      ],
      scim: { issuer: scimIssuer(idp) },
      hooks: {
        okta: { issuer: idp },
        entra: { issuer: `${idp}/entra/v2.0`, tenant: entraTenant },
        // Authentik before the same directory: its uid is the directory's id.
        authentik: { issuer: idp },
        ssf: [{ issuer: idp, audience: `${gateway}/hooks/ssf`, jwks_uri: `${idp}/oauth2/v1/keys` }],
        token_revocation: [{ issuer: idp, audience: `${gateway}/hooks/global-token-revocation`, jwks_uri: `${idp}/oauth2/v1/keys` }],
        oidc_logout: [{ issuer: idp, audience: 'gatehouse', jwks_uri: `${idp}/oauth2/v1/keys` }],
      },
      orphans: { ignore: ['coder-owner@example.com', 'console-admin@example.com'] },
      // A clock that is moved by weeks makes everybody silent.
      sources: Object.fromEntries(eventSources.map((name) => [name, { silent_after_seconds: 30 * 86_400 }])),
    },
    lifecycle: {},
    keys: {
      litellm: {
        url: `${outside}/litellm`,
        replicas: Array.from({ length: replicas }, (_, index) => `${outside}/litellm/replicas/${index + 1}`),
      },
      anthropic: { url: `${outside}/anthropic`, kind: 'console', requests_per_minute: memberCallsPerMinute * vendorLimits },
    },
    workspaces: {
      coder: { url: `${outside}/coder`, requests_per_minute: coderCallsPerMinute * vendorLimits },
      homes: { kind: 'efs', file_system: 'fs-0123456789abcdef0', vault: 'homes', role_arn: 'arn:aws:iam::000000000000:role/backup' },
      ecs: { cluster: 'workspaces' },
    },
    operations: {
      databases: ['coder'],
      file_systems: ['fs-0123456789abcdef0'],
      clusters: ['workspaces'],
      bedrock_models: ['us.anthropic.claude-sonnet-4-6'],
      certificates: ['arn:aws:acm:us-east-1:000000000000:certificate/claude'],
      channels: { page: ['pagerduty', 'slack'], notify: ['slack'], note: ['slack'] },
      pagerduty_url: `${outside}/pagerduty`,
    },
    inference: {
      upstreams: [
        { kind: 'anthropic', url: `${outside}/anthropic` },
        { kind: 'anthropic-aws', url: `${outside}/aws-external-anthropic`, workspace_id: localModelKeys.workspaceId },
        { kind: 'bedrock', url: `${outside}/bedrock`, profile: 'us' },
      ],
    },
  });
}
