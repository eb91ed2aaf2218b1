/** What the gateway publishes of itself as an authorization server and a protected resource (RFC 8414, 9728). Only what it serves is named. */
import type { SigningKey } from '@gatehouse/contracts/records/signing-key';
import { grantTypes, scopes } from './token-request.ts';

/** How long callers may keep our documents, the key set among them; our own functions keep that as long. */
export const keySetSeconds = 300;

/** For documents that callers may keep. */
export const keptBriefly = { 'cache-control': `public, max-age=${keySetSeconds}` } as const;

/** As Claude Code reads it: endpoints of this very origin, or it takes its default paths. */
export function serverMetadata(origin: string) {
  return {
    issuer: origin,
    device_authorization_endpoint: `${origin}/oauth/device_authorization`,
    token_endpoint: `${origin}/oauth/token`,
    revocation_endpoint: `${origin}/oauth/revoke`,
    introspection_endpoint: `${origin}/oauth/introspect`,
    jwks_uri: `${origin}/.well-known/jwks.json`,
    grant_types_supported: [grantTypes.device, grantTypes.refresh, grantTypes.exchange],
    response_types_supported: [] as string[],
    token_endpoint_auth_methods_supported: ['none'],
    revocation_endpoint_auth_methods_supported: ['none'],
    scopes_supported: [...scopes],
    gateway_protocol_version: 1,
  };
}

export function resourceMetadata(origin: string) {
  return {
    resource: origin,
    authorization_servers: [origin],
    jwks_uri: `${origin}/.well-known/jwks.json`,
    scopes_supported: [...scopes],
    bearer_methods_supported: ['header'],
  };
}

/** Every key that a living token may bear, the coming one first of all (RFC 7517). */
export function keySet(keys: readonly SigningKey[]) {
  return { keys: keys.map(({ jwk: { kty, crv, x, y, kid, alg, use } }) => ({ kty, use, alg, kid, crv, x, y })) };
}
