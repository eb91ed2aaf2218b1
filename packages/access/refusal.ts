/** Why nobody was signed in or refreshed: exact here, in the log and in the fact; the wire is told one of OAuth's words and no more. */
import type { TokenRefusal } from '@gatehouse/core/jwt';

export type SignInRefusal =
  | TokenRefusal
  | { reason: 'unknown_issuer'; iss: string }
  | { reason: 'wrong_nonce' }
  | { reason: 'not_a_person'; detail: string }
  | { reason: 'wrong_tenant'; tenant: string }
  | { reason: 'groups_unknown'; detail: string }
  | { reason: 'unknown_service' }
  | { reason: 'not_that_service'; service: string; claim: string }
  | { reason: 'owner_administers'; service: string; person: string }
  | { reason: 'token_used' }
  | { reason: 'unknown_person'; issuer: string }
  | { reason: 'ambiguous_person'; people: number }
  | { reason: 'not_active'; person: string; status: string }
  | { reason: 'not_entitled'; person: string; groups: readonly string[] }
  | { reason: 'no_policy' }
  | { reason: 'gate_shut'; person: string; because: string }
  | { reason: 'not_a_refresh_token' }
  | { reason: 'unknown_family'; family: string }
  | { reason: 'wrong_secret'; family: string }
  | { reason: 'family_ended'; person: string; family: string; state: string }
  | { reason: 'family_expired'; person: string; family: string }
  | { reason: 'family_idle'; person: string; family: string; since: number }
  | { reason: 'stale_family'; person: string; family: string; epoch: number; current: number }
  | { reason: 'other_client'; person: string; family: string }
  | { reason: 'reused'; person: string; family: string; presented: number; current: number };

/** What is wrong with the token itself, and what is wrong with the person's standing. */
export type RefusalClass = 'token' | 'standing' | 'family';

export function classOf(refusal: SignInRefusal): RefusalClass {
  switch (refusal.reason) {
    case 'too_large':
    case 'malformed':
    case 'unknown_key':
    case 'bad_signature':
    case 'expired':
    case 'not_yet_valid':
    case 'wrong_issuer':
    case 'wrong_audience':
    case 'unknown_issuer':
    case 'wrong_nonce':
    case 'not_a_person':
    case 'wrong_tenant':
    case 'unknown_service':
    case 'not_that_service':
    case 'token_used':
      return 'token';
    case 'groups_unknown':
    case 'owner_administers':
    case 'unknown_person':
    case 'ambiguous_person':
    case 'not_active':
    case 'not_entitled':
    case 'no_policy':
    case 'gate_shut':
      return 'standing';
    case 'not_a_refresh_token':
    case 'unknown_family':
    case 'wrong_secret':
    case 'family_ended':
    case 'family_expired':
    case 'family_idle':
    case 'stale_family':
    case 'other_client':
    case 'reused':
      return 'family';
  }
}

/** The person a refusal is about, when one is known. */
export function personOf(refusal: SignInRefusal): string | undefined {
  return 'person' in refusal ? refusal.person : undefined;
}
