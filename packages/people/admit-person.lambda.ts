/** Learns of somebody: from a verified sign-in, or from what a person wrote. Records answer first, then the directory. */
import { Person } from '@gatehouse/contracts/records/person';
import { admitPerson } from '@gatehouse/contracts/steps/people';
import { PersonId } from '@gatehouse/core/ids';
import { timestamp } from '@gatehouse/runtime/clock';
import { Throttled, Unavailable } from '@gatehouse/runtime/fault';
import { onStep } from '@gatehouse/runtime/step';
import * as z from 'zod';
import { directoryOf, everyDirectory, reach } from './configured.directory.ts';
import { peopleByEmail, personById, personBySubject, type Subject, settle } from './person.dynamo.ts';
import { readingOf } from './reading.ts';
import { tellRefusedRead } from './refused-read.dynamo.ts';
import type { Found, Unreadable } from './truth.ts';

export const env = z.object(reach);
type Env = z.infer<typeof env>;
type Admitted = z.infer<typeof admitPerson.output>;
type SignIn = Extract<z.infer<typeof admitPerson.input>, { issuer: string }>;

export const handler = onStep(admitPerson, env, (input, { env, now }) =>
  'lookup' in input ? lookUp(env, input.lookup.trim(), now) : signIn(env, input, now),
);

async function signIn(env: Env, { issuer, subject, claims }: SignIn, now: number): Promise<Admitted> {
  const { TABLE_PEOPLE: table } = env;
  const who = { issuer, subject };
  const directory = await directoryOf(env, issuer);
  if (!directory) return fromToken(table, who, claims);
  const known = await personBySubject(table, who);
  if (known) return answer(known);
  const readAt = timestamp();
  const truth = await directory.readPerson(subject);
  if (truth.word === 'unreadable') return refuseRead(table, directory.kind, truth, now);
  if (truth.word === 'deleted' || truth.word === 'staged')
    return {
      outcome: 'unknown',
      message: `The directory says that ${subject} is ${truth.word === 'deleted' ? 'nobody' : 'not activated yet'}`,
    };
  return settled(table, who, truth, readAt, 'sign-in');
}

/** No directory knows this issuer's people: its token, verified by the caller, is the truth. */
async function fromToken(table: string, who: Subject, claims: SignIn['claims']): Promise<Admitted> {
  const known = await personBySubject(table, who);
  const email = claims.email ?? known?.email;
  if (!email) return { outcome: 'unknown', message: 'The token names no e-mail address, and no directory knows its issuer' };
  const person = await settle(table, who, {
    status: 'active',
    profile: { email, name: claims.name ?? known?.name ?? email, groups: claims.groups ?? [] },
    readAt: timestamp(),
    evidence: 'explicit',
    source: 'sign-in',
  });
  return answer(Person.parse(person));
}

async function lookUp(env: Env, wanted: string, now: number): Promise<Admitted> {
  const { TABLE_PEOPLE: table, CONFIG } = env;
  const nobody: Admitted = {
    outcome: 'unknown',
    message: `Nobody called ${JSON.stringify(wanted)} is known, neither here nor in the directory`,
  };
  if (wanted === '') return nobody;
  if (PersonId.safeParse(wanted).success) {
    const known = await personById(table, wanted);
    return known ? answer(known) : nobody;
  }
  for (const { issuer } of CONFIG.directory) {
    const known = await personBySubject(table, { issuer, subject: wanted });
    if (known) return answer(known);
  }
  const carriers = await peopleByEmail(table, wanted);
  if (carriers[0]) return oneOf(wanted, carriers);
  const people: Person[] = [];
  for (const directory of await everyDirectory(env)) {
    const readAt = timestamp();
    const search = await directory.findPeople(wanted);
    if (search.word === 'unreadable') return refuseRead(table, directory.kind, search, now);
    for (const found of search.people.filter(({ word }) => word !== 'staged')) {
      const who = { issuer: directory.issuer, subject: found.profile.subject };
      const person = await settle(table, who, readingOf(found, { readAt, source: 'lookup' }));
      if (person) people.push(person);
    }
  }
  return people[0] ? oneOf(wanted, people) : nobody;
}

function oneOf(wanted: string, people: readonly Person[]): Admitted {
  const [only, ...others] = people;
  if (only && others.length === 0) return answer(only);
  return {
    outcome: 'ambiguous',
    people: people.map(({ id }) => id),
    message: `${people.length} people are called ${JSON.stringify(wanted)}: ${people.map(({ id, status }) => `${id} (${status})`).join(', ')}. Write one of these ids`,
  };
}

async function settled(table: string, who: Subject, truth: Found, readAt: string, source: string): Promise<Admitted> {
  return answer(Person.parse(await settle(table, who, readingOf(truth, { readAt, source }))));
}

async function refuseRead(table: string, kind: string, unreadable: Unreadable, now: number): Promise<never> {
  await tellRefusedRead(table, kind, unreadable, now);
  throw unreadable.reason === 'throttled' ? new Throttled(unreadable.message) : new Unavailable(unreadable.message);
}

function answer({ id, status, generation, groups, email, name }: Person): Admitted {
  return { outcome: 'known', person: id, status, generation, groups, email, name };
}
