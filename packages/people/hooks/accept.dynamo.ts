/**
 * Writes down what a hook was told, in one transaction: a re-reading of each person named, and for whose sessions are over, that. Keyed by
 * source and event, so that what comes twice is there once. Answered only after this.
 */
import { createHash } from 'node:crypto';
import { encodeId } from '@gatehouse/core/ids';
import { identityHinted } from '@gatehouse/events/identity-hinted';
import { signOutAsked } from '@gatehouse/events/sign-out-asked';
import { publish } from '@gatehouse/runtime/publish';
import { putNew, transact, type Write } from '@gatehouse/runtime/table';
import { peopleByEmail, personBySubject } from '../person.dynamo.ts';
import type { Named } from './security-event.ts';

export interface Wish {
  issuer: string;
  who: Named;
  leaving: boolean;
  signOut: boolean;
  source: string;
  cause: string;
}

export interface Accepted {
  /** Whether anybody is known by that name. */
  found: boolean;
}

/** By subject also somebody whom we do not know yet: the directory may. By address only who carries it here. */
export async function accept(table: string, wish: Wish): Promise<Accepted> {
  const { issuer, who, leaving, signOut, source, cause } = wish;
  const people = await known(table, issuer, who);
  const subjects =
    who.by === 'subject'
      ? [who.subject]
      : people.flatMap(({ subjects: all }) => all.filter((one) => one.issuer === issuer).map((one) => one.subject));
  for (const subject of new Set(subjects))
    await once([publish(table, identityHinted, { id: idFrom('hint', source, cause, subject), issuer, subject, leaving, source, cause })]);
  if (signOut)
    for (const { id: person } of people)
      await once([publish(table, signOutAsked, { id: idFrom('sign-out', source, cause, person), person, source, cause })]);
  return { found: people.length > 0 };
}

async function known(table: string, issuer: string, who: Named) {
  if (who.by === 'subject') return [await personBySubject(table, { issuer, subject: who.subject })].filter((one) => one !== undefined);
  const carriers = await peopleByEmail(table, who.email);
  return carriers.filter(({ subjects }) => subjects.some((one) => one.issuer === issuer));
}

/** Not held means that an earlier delivery wrote it. */
async function once(writes: readonly Write[]): Promise<void> {
  await transact(writes);
}

function idFrom(...parts: string[]): string {
  return encodeId('evt', createHash('sha256').update(JSON.stringify(parts)).digest().subarray(0, 16));
}

/** False for a token that was used before. @param ends epoch seconds until which it could be used again. */
export function useOnce(table: string, kind: string, issuer: string, jti: string, ends: number): Promise<boolean> {
  return putNew(table, { pk: `CLAIM#${kind}#${issuer}#${jti}`, sk: kind, expires_at: Math.ceil(ends) });
}
