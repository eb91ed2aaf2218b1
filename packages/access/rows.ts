/**
 * Access's own rows beside the records that others read (gate, session, revocation, signing-key). The key layout of this table lives here and
 * in those contracts, nowhere else. A dump of these rows opens nothing: refresh secrets are derived, codes and cookies are stored as hashes.
 *
 * | pk / sk | what | written by | TTL |
 * |---|---|---|---|
 * | `FAMILY#<fam_>` / `FAMILY` | one refresh family: its step, salt and state | every sign-in and refresh | the family's absolute end |
 * | `SUBJECT-TOKEN#<sha-256>` / `SUBJECT-TOKEN` | a subject token that was exchanged | token exchange, in its transaction | that token's exp |
 * | `DEVICE#<sha-256 of device_code>` / `DEVICE` | one device login | device endpoints | an hour after it expired |
 * | `USER-CODE#<sha-256 of user code>` / `USER-CODE` | which device a code means | device authorization | as its device |
 * | `LOGIN#<sha-256 of the browser's secret>` / `LOGIN` | one browser on its way through the IdP | device page | as its device |
 * | `GROUP-CUT#<evt_>` / `GROUP-CUT` | an order to end a group's sessions, and how far it came | admin route, its turns | 90 days |
 * | `RATE#<what>#<source>#<window>` / `RATE` | attempts of one source in one window | device and token endpoints | the window's end |
 */
import { createHash } from 'node:crypto';
import * as z from 'zod';

/** Hex SHA-256: how codes, cookies and tokens are written down. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export const Family = z.object({
  id: z.string(),
  person: z.string(),
  session: z.string(),
  state: z.enum(['live', 'ended', 'reused']),
  /** What signed in, as in the session. */
  client: z.string(),
  /** The OAuth client_id of the sign-in, when it named one: refreshes that name another are refused. */
  client_id: z.string().optional(),
  /** The acting agent of a token exchange, as in the session. */
  actor: z.string().optional(),
  /** The gate's epoch at sign-in: a gate shut since then has ended the family, even when it is open again. */
  epoch: z.int().positive(),
  scopes: z.array(z.string()),
  auth_time: z.int(),
  /** 16 bytes, base64url: without it the pepper alone derives no secret. */
  salt: z.string(),
  /** Which refresh token is the live one, from 1. */
  step: z.int().positive(),
  /** When it became that, ms. */
  rotated_at: z.int(),
  /** SHA-256 of the address and user agent that asked for it. */
  rotated_by: z.string().optional(),
  created_at: z.string(),
  /** The absolute end, seconds. Use does not move it. */
  expires_at: z.int(),
});
export type Family = z.infer<typeof Family>;

export function familyKey(id: string) {
  return { pk: `FAMILY#${id}`, sk: 'FAMILY' };
}

/** @param hash of issuer and token id. */
export function subjectTokenKey(hash: string) {
  return { pk: `SUBJECT-TOKEN#${hash}`, sk: 'SUBJECT-TOKEN' };
}

/** Sessions of a person: `gsi1`. */
export function sessionsOf(person: string): string {
  return `SESSIONS#${person}`;
}

export const Device = z.object({
  /** SHA-256 of the device code. */
  hash: z.string(),
  user_code_hash: z.string(),
  state: z.enum(['pending', 'approved', 'denied', 'redeemed']),
  client: z.string(),
  client_id: z.string().optional(),
  /** Where the device asked from, for the person to recognise. */
  source_ip: z.string(),
  user_agent: z.string(),
  created_at: z.string(),
  /** The code's end, ms: the check. */
  ends_at: z.int(),
  /** Seconds between polls; grows by 5 with every poll that came too early (RFC 8628 s3.5). */
  interval: z.int(),
  polled_at: z.int().optional(),
  /** How often the user code was entered. */
  tries: z.int(),
  person: z.string().optional(),
  auth_time: z.int().optional(),
  session: z.string().optional(),
  expires_at: z.int(),
});
export type Device = z.infer<typeof Device>;

export function deviceKey(hash: string) {
  return { pk: `DEVICE#${hash}`, sk: 'DEVICE' };
}

export const UserCode = z.object({ device: z.string(), expires_at: z.int() });
export function userCodeKey(hash: string) {
  return { pk: `USER-CODE#${hash}`, sk: 'USER-CODE' };
}

export const Login = z.object({
  device: z.string(),
  /** sent: at the IdP; returned: the code came back; known: the person may decide; done: decided. */
  stage: z.enum(['sent', 'returned', 'known', 'done']),
  person: z.string().optional(),
  auth_time: z.int().optional(),
  ends_at: z.int(),
  expires_at: z.int(),
});
export type Login = z.infer<typeof Login>;

export function loginKey(hash: string) {
  return { pk: `LOGIN#${hash}`, sk: 'LOGIN' };
}

export const GroupCut = z.object({
  id: z.string(),
  group: z.string(),
  reason: z.string(),
  /** The administrator. */
  by: z.string(),
  state: z.enum(['working', 'done']),
  /** Counts turns: each does the next piece once. */
  turn: z.int(),
  people: z.int(),
  sessions: z.int(),
  /** The last row read; the next turn begins after it. */
  from: z.object({ pk: z.string(), sk: z.string() }).optional(),
  ordered_at: z.string(),
  expires_at: z.int(),
});
export type GroupCut = z.infer<typeof GroupCut>;

export function cutOrderKey(id: string) {
  return { pk: `GROUP-CUT#${id}`, sk: 'GROUP-CUT' };
}

export function rateKey(what: string, source: string, window: number) {
  return { pk: `RATE#${what}#${source}#${window}`, sk: 'RATE' };
}
