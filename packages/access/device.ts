/** A device login's rules (RFC 8628): its codes, what a poll is told, what a person may decide. Pure. */

import type { OAuthError } from './oauth-answer.ts';
import type { Device } from './rows.ts';

export const deviceSeconds = 600;
export const pollSeconds = 5;
/** How often one user code may be entered. */
export const maxTries = 5;

/** No vowels, so no words; no look-alikes (RFC 8628 s6.1): 20^8 codes, 34.5 bits. */
const letters = 'BCDFGHJKLMNPQRSTVWXZ';

/** `XXXX-XXXX`. Bytes that would favour the first letters are skipped. @param bytes random; 32 are plenty. */
export function userCode(bytes: Uint8Array): string {
  const fair = [...bytes].filter((byte) => byte < 240).map((byte) => letters[byte % 20] ?? '');
  if (fair.length < 8) throw new RangeError('Too few random bytes for a user code');
  return `${fair.slice(0, 4).join('')}-${fair.slice(4, 8).join('')}`;
}

/** What a person typed, as it was shown: case, spaces and dashes do not matter. Undefined when it cannot be one. */
export function readUserCode(typed: string): string | undefined {
  if (typed.length > 32) return undefined;
  const code = typed.toUpperCase().replace(/[^A-Z]/g, '');
  if (code.length !== 8 || [...code].some((letter) => !letters.includes(letter))) return undefined;
  return `${code.slice(0, 4)}-${code.slice(4)}`;
}

export type Poll =
  | { act: 'redeem'; person: string; authTime: number }
  /** The code was redeemed before: whoever asks again may have stolen it, so what it gave is taken back. */
  | { act: 'again'; session: string | undefined }
  | { act: 'wait'; interval: number; error: OAuthError }
  | { act: 'refuse'; error: OAuthError };

const pending: OAuthError = { error: 'authorization_pending', description: 'Nobody has approved this device yet.' };
const slower: OAuthError = { error: 'slow_down', description: 'Polls come too fast: wait 5 seconds longer between them.' };
export const expired: OAuthError = { error: 'expired_token', description: 'The device code is no longer accepted: start again.' };
const refused: OAuthError = { error: 'access_denied', description: 'The sign-in was not approved.' };

/** @param clientId as this poll names it. @param nowMs milliseconds. */
export function poll(device: Device, clientId: string | undefined, nowMs: number): Poll {
  if (device.client_id !== undefined && device.client_id !== clientId) return { act: 'refuse', error: expired };
  if (device.state === 'redeemed') return { act: 'again', session: device.session };
  if (nowMs >= device.ends_at) return { act: 'refuse', error: expired };
  if (device.state === 'denied') return { act: 'refuse', error: refused };
  if (device.state === 'approved' && device.person !== undefined && device.auth_time !== undefined) {
    return { act: 'redeem', person: device.person, authTime: device.auth_time };
  }
  // A second's tolerance: a client that counts from its own clock is not early.
  const early = device.polled_at !== undefined && nowMs - device.polled_at < (device.interval - 1) * 1000;
  if (early) return { act: 'wait', interval: Math.min(device.interval + 5, 60), error: slower };
  return { act: 'wait', interval: device.interval, error: pending };
}
