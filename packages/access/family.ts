/**
 * A refresh family: what a presented refresh token means, and the secrets of its steps (RFC 9700 s4.14.2). Each step's secret is an HMAC of the
 * family, the step and the family's salt, so that a repeat answers the same successor and nothing needs to be kept of any of them.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { digest, type Family } from './rows.ts';

/** A lost answer may be asked for again this long, unless its successor has been used. */
export const graceMs = 60_000;
/** A family's whole life; use does not extend it. */
export const familySeconds = 30 * 86_400;

export interface Presented {
  family: string;
  step: number;
  secret: string;
}

const form = /^(fam_[0-9a-z]{26})\.([1-9][0-9]{0,8})\.([A-Za-z0-9_-]{43})$/;

/** `fam_... . step . secret`; undefined for anything else, whatever its size. */
export function parseRefreshToken(text: string): Presented | undefined {
  if (text.length > 128) return undefined;
  const [, family, step, secret] = form.exec(text) ?? [];
  return family && step && secret ? { family, step: Number(step), secret } : undefined;
}

type Seed = Pick<Family, 'id' | 'salt'>;

export function refreshToken(pepper: string, family: Seed, step: number): string {
  return `${family.id}.${step}.${derive(pepper, 'refresh', family, step)}`;
}

/** The same for every answer that a step ever gives: a repeat mints no second token id. */
export function accessTokenId(pepper: string, family: Seed, step: number): string {
  return derive(pepper, 'access', family, step).slice(0, 22);
}

function derive(pepper: string, what: string, family: Seed, step: number): string {
  return createHmac('sha256', pepper).update(`gatehouse ${what}\n${family.id}\n${step}\n${family.salt}`).digest('base64url');
}

/** Whether the secret is the one of the step it names. Every step's can be told for the family's whole life. */
export function secretHolds(pepper: string, family: Seed, presented: Presented): boolean {
  return timingSafeEqual(Buffer.from(derive(pepper, 'refresh', family, presented.step)), Buffer.from(presented.secret));
}

export type Meaning =
  /** The live token: make the next step. */
  | { act: 'rotate' }
  /** The answer to the last rotation got lost: give the same one again. */
  | { act: 'repeat' }
  /** A retired token came back: somebody holds a copy. */
  | { act: 'reuse' }
  | { act: 'refuse'; because: 'ended' | 'expired' | 'ahead' | 'idle' };

/** Who refreshes, as far as a request shows it: kept as a hash. */
export function traceOf(sourceIp: string, userAgent: string): string {
  return digest(`${sourceIp}\n${userAgent}`);
}

export interface Rules {
  /** A live token that was not used for so long is over. */
  idleSeconds: number;
}

/** What a token with the right secret means. A retired one is a reuse however long nobody came: somebody holds a copy. @param nowMs milliseconds. */
export function meaningOf(
  family: Pick<Family, 'state' | 'step' | 'rotated_at' | 'expires_at'>,
  step: number,
  nowMs: number,
  { idleSeconds }: Rules = { idleSeconds: familySeconds },
): Meaning {
  if (family.state !== 'live') return { act: 'refuse', because: 'ended' };
  if (nowMs >= family.expires_at * 1000) return { act: 'refuse', because: 'expired' };
  if (step > family.step) return { act: 'refuse', because: 'ahead' };
  if (step === family.step) return nowMs - family.rotated_at < idleSeconds * 1000 ? { act: 'rotate' } : { act: 'refuse', because: 'idle' };
  if (step === family.step - 1 && nowMs - family.rotated_at <= graceMs) return { act: 'repeat' };
  return { act: 'reuse' };
}
