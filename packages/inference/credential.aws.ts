/** Puts the gateway's own credential on a request: a key out of Secrets Manager, or a signature by the function's role. Neither is ever logged. */
import { signed } from '@gatehouse/runtime/aws-signature';
import { now } from '@gatehouse/runtime/clock';
import { Misconfigured } from '@gatehouse/runtime/fault';
import { secret, secretAgain } from '@gatehouse/runtime/secret';
import type { Draft } from './tier.ts';
import type { Outgoing } from './upstream.http.ts';

/** Where this function runs, as Lambda itself says it. Never a usual one: a workspace and a model live in the region that was meant, or the call goes astray. */
export function ownRegion(): string {
  const region = process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION;
  if (!region) throw new Misconfigured('no AWS region found: write "region" at the upstream in the profile, or set AWS_REGION');
  return region;
}

export interface SecretArns {
  'anthropic-key': string;
  'anthropic-aws-key': string;
}

/** @param again past the cache, after upstream refused the key that was known. Throws Misconfigured and Unavailable. */
export async function authorized(draft: Draft, arns: SecretArns, again = false): Promise<Outgoing> {
  const { url, body, headers, credential } = draft;
  if (credential.kind === 'key') {
    const arn = arns[credential.secret];
    return { url, body, headers: { ...headers, 'x-api-key': await (again ? secretAgain(arn) : secret(arn)) } };
  }
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = process.env;
  if (!accessKeyId || !secretAccessKey) throw new Misconfigured('This function has no role to sign with');
  const { service, region } = credential;
  const request = { method: 'POST', url: new URL(url), headers, body };
  return { url, body, headers: signed(request, { accessKeyId, secretAccessKey, sessionToken, region, service, at: now() }) };
}
