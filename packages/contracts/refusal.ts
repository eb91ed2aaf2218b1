/** Why a caller was not let in. Exact here and in the log; the wire says less. Never carries a token or a secret. */

export type AdmissionRefusal =
  | { reason: 'no_token' }
  | { reason: 'too_large'; bytes: number; maxBytes: number }
  | { reason: 'malformed'; detail: string }
  | { reason: 'unknown_key'; kid: string }
  | { reason: 'bad_signature' }
  | { reason: 'expired'; exp: number; now: number }
  | { reason: 'not_yet_valid'; at: number; now: number }
  | { reason: 'wrong_issuer'; iss: string }
  | { reason: 'wrong_audience'; aud: string }
  | { reason: 'insufficient_scope'; needed: string; held: readonly string[] }
  | { reason: 'gate_shut'; person: string; because: string }
  | { reason: 'stale_epoch'; person: string; epoch: number; current: number }
  | { reason: 'session_ended'; session: string }
  | { reason: 'not_entitled'; person: string; groups: readonly string[] }
  | { reason: 'not_admin'; person: string }
  | { reason: 'state_unknown'; detail: string };
