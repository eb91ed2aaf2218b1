/**
 * Writes down what a hook was told, in one transaction: a re-reading of each person named, and for whose sessions are over, that. Keyed by
 * source and event, so that what comes twice is there once. Answered only after this.
 */
import { createHash } from 'node:crypto';
import { encodeId } from '@gatehouse/core/ids';
import { identityHinted } from '@gatehouse/events/identity-hinted';
import { signOutAsked } from '@gatehouse/events/sign-out-asked';
import { publish } from '@gatehouse/runtime/publish';
import { transact, type Write } from '@gatehouse/runtime/table';
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

/** Of a token that is good for one use. */
export interface Use {
  kind: string;
  issuer: string;
  jti: string;
  /** Epoch seconds until which it could be used again. */
  ends: number;
}

export interface Accepted {
  /** Whether anybody is known by that name. */
  found: boolean;
  /** False for a token that was used before: then nothing was written. */
  fresh: boolean;
}

/**
 * By subject also somebody whom we do not know yet: the directory may. By address only who carries it here.
 * @param use is written with the facts or not at all: a delivery that failed can be sent again.
 */
export async function accept(table: string, wish: Wish, use?: Use): Promise<Accepted> {
  const { issuer, who, leaving, signOut, source, cause } = wish;
  const people = await known(table, issuer, who);
  const subjects =
    who.by === 'subject'
      ? [who.subject]
      : people.flatMap(({ subjects: all }) => all.filter((one) => one.issuer === issuer).map((one) => one.subject));
  const facts = [...new Set(subjects)].map((subject) =>
    publish(table, identityHinted, { id: idFrom('hint', source, cause, subject), issuer, subject, leaving, source, cause }),
  );
  if (signOut)
    for (const { id: person } of people)
      facts.push(publish(table, signOutAsked, { id: idFrom('sign-out', source, cause, person), person, source, cause }));
  const found = people.length > 0;
  if (use) return { found, fresh: (await transact([claimOf(table, use), ...facts])).held };
  // Not held means that an earlier delivery wrote it.
  for (const fact of facts) await transact([fact]);
  return { found, fresh: true };
}

async function known(table: string, issuer: string, who: Named) {
  if (who.by === 'subject') return [await personBySubject(table, { issuer, subject: who.subject })].filter((one) => one !== undefined);
  const carriers = await peopleByEmail(table, who.email);
  return carriers.filter(({ subjects }) => subjects.some((one) => one.issuer === issuer));
}

function idFrom(...parts: string[]): string {
  return encodeId('evt', createHash('sha256').update(JSON.stringify(parts)).digest().subarray(0, 16));
}

function claimOf(table: string, { kind, issuer, jti, ends }: Use): Write {
  const Item = { pk: `CLAIM#${kind}#${issuer}#${jti}`, sk: kind, expires_at: Math.ceil(ends) };
  return { Put: { TableName: table, Item, ConditionExpression: 'attribute_not_exists(pk)' } };
}
