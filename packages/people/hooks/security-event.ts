/**
 * Reads the events of a Security Event Token (RFC 8417): CAEP and RISC of the OpenID Shared Signals Framework. Says whom each is about and
 * whether their sessions are over. The token itself has been verified before.
 */
import type { JsonObject } from '@gatehouse/core/jwt';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import * as z from 'zod';

/** Who, as a transmitter may write it (RFC 9493). */
export type Named = { by: 'subject'; issuer: string | undefined; subject: string } | { by: 'email'; email: string };

export interface SecurityEvent {
  type: string;
  who: Named;
  leaving: boolean;
  /** Every session of theirs is to end now. */
  signOut: boolean;
}

const caep = 'https://schemas.openid.net/secevent/caep/event-type/';
const risc = 'https://schemas.openid.net/secevent/risc/event-type/';

interface Effect {
  leaving: boolean;
  signOut: boolean;
}

const effects: Readonly<Record<string, Effect>> = {
  [`${caep}session-revoked`]: { leaving: false, signOut: true },
  [`${caep}credential-change`]: { leaving: false, signOut: false },
  [`${risc}sessions-revoked`]: { leaving: false, signOut: true },
  [`${risc}tokens-revoked`]: { leaving: false, signOut: true },
  [`${risc}credential-compromise`]: { leaving: false, signOut: true },
  [`${risc}account-credential-change-required`]: { leaving: false, signOut: true },
  [`${risc}account-disabled`]: { leaving: true, signOut: true },
  [`${risc}account-purged`]: { leaving: true, signOut: true },
  [`${risc}account-enabled`]: { leaving: false, signOut: false },
  [`${risc}identifier-changed`]: { leaving: false, signOut: false },
};

const Subject = z.looseObject({
  format: z.string().nullish(),
  /** Before RFC 9493. */
  subject_type: z.string().nullish(),
  iss: z.string().nullish(),
  sub: z.string().nullish(),
  id: z.string().nullish(),
  email: z.string().nullish(),
});

/** RFC 9493; a complex subject means its user. */
export function readSubject(json: unknown): Named | undefined {
  const outer = z.looseObject({ user: z.unknown() }).safeParse(json);
  const parsed = Subject.safeParse(outer.success && outer.data.user !== undefined ? outer.data.user : json);
  if (!parsed.success) return undefined;
  const { format, subject_type: type, iss, sub, id, email } = parsed.data;
  switch ((format ?? type ?? '').replace('-', '_')) {
    case 'iss_sub':
      return iss && sub ? { by: 'subject', issuer: iss, subject: sub } : undefined;
    case 'opaque':
      return id ? { by: 'subject', issuer: undefined, subject: id } : undefined;
    case 'email':
      return email ? { by: 'email', email } : undefined;
    default:
      return undefined;
  }
}

export type Uneventful = { reason: 'not_ours' | 'nobody'; detail: string };

/** @param claims of the verified token. */
export function readSecurityEvents(claims: JsonObject): Result<SecurityEvent, Uneventful>[] {
  const events = z.record(z.string(), z.looseObject({ subject: z.unknown() })).safeParse(claims.events);
  if (!events.success) return [];
  return Object.entries(events.data).map(([type, event]) => {
    const effect = Object.hasOwn(effects, type) ? effects[type] : undefined;
    if (!effect) return refuse({ reason: 'not_ours' as const, detail: type });
    const who = readSubject(event.subject ?? claims.sub_id);
    if (!who) return refuse({ reason: 'nobody' as const, detail: `${type} names nobody that can be looked up` });
    // A credential that was taken away took its sessions with it; one that was added did not.
    const revoked = type === `${caep}credential-change` && ['revoke', 'delete'].includes(String(event.change_type));
    return ok({ type, who, leaving: effect.leaving, signOut: effect.signOut || revoked });
  });
}

/** A set with no events at all is no token of this kind (RFC 8417 section 2.2). */
export function hasEvents(claims: JsonObject): boolean {
  return typeof claims.events === 'object' && claims.events !== null && Object.keys(claims.events).length > 0;
}
