/**
 * Admits an identity provider's SCIM client by one of two bearer secrets, so that one can be replaced while the other is in use. Compares
 * hashes in constant time, and both of them always. When the secrets cannot be read it refuses.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { AdmissionRefusal } from '@gatehouse/contracts/refusal';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import { type Caller, nobody } from './admit.ts';
import { log } from './log.ts';
import { secret, secretAgain } from './secret.ts';

const maxTokenBytes = 1_024;

export async function admitScim(_admission: unknown, token: string | undefined): Promise<Result<Caller, AdmissionRefusal>> {
  if (token === undefined) return refuse({ reason: 'no_token' });
  if (token.length > maxTokenBytes) return refuse({ reason: 'too_large', bytes: token.length, maxBytes: maxTokenBytes });
  if (process.env.SECRET_SCIM_1_ARN === '') return refuse({ reason: 'malformed', detail: 'the profile names no SCIM' });
  try {
    if (isOneOf(token, await secrets(secret)) || isOneOf(token, await fresh())) return ok(nobody);
    return refuse({ reason: 'malformed', detail: 'neither of the two SCIM secrets' });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    log.warn('SCIM secrets not read', { error });
    return refuse({ reason: 'state_unknown', detail: error.message });
  }
}

function secrets(read: typeof secret): Promise<string[]> {
  return Promise.all([process.env.SECRET_SCIM_1_ARN, process.env.SECRET_SCIM_2_ARN].map((arn) => read(arn ?? '')));
}

const askAgainMs = 10_000;
let askedAt = Number.NEGATIVE_INFINITY;

/** Past the cache, for a secret that was just replaced; seldom, so that guesses cost no calls. */
async function fresh(): Promise<string[]> {
  if (performance.now() - askedAt < askAgainMs) return [];
  askedAt = performance.now();
  return secrets(secretAgain);
}

function isOneOf(token: string, secrets: readonly string[]): boolean {
  const given = digest(token);
  let found = false;
  for (const one of secrets) found = timingSafeEqual(given, digest(one)) || found;
  return found;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
