/**
 * People's rows: person, identity, alias (their key layouts are in contracts/records), and the facts that tell of them, in one transaction.
 * The race: two readings of one person settle at once. `version` decides; the loser reads again and reconciles its own reading with what it finds.
 */

import { Alias, alias } from '@gatehouse/contracts/records/alias';
import { Identity, identity } from '@gatehouse/contracts/records/identity';
import { Person, peopleIndex, peoplePk, peopleShards, person } from '@gatehouse/contracts/records/person';
import { personChanged } from '@gatehouse/events/person-changed';
import { personJoined } from '@gatehouse/events/person-joined';
import { personLeft } from '@gatehouse/events/person-left';
import { personMoved } from '@gatehouse/events/person-moved';
import { personReturned } from '@gatehouse/events/person-returned';
import { freshId } from '@gatehouse/runtime/clock';
import { Throttled } from '@gatehouse/runtime/fault';
import { publish } from '@gatehouse/runtime/publish';
import { get, getMany, query, transact, type Write } from '@gatehouse/runtime/table';
import * as z from 'zod';
import { introduce, type Reading, type Reconciled, reconcile, type Told } from './reconcile.ts';

export interface Subject {
  issuer: string;
  subject: string;
}

/** Rises with each write of the row; nobody else's business. */
const Stored = Person.extend({ version: z.int().positive() });
type Stored = z.infer<typeof Stored>;

const maxRaces = 8;

const pageSize = 500;

/** Everybody, as they were a moment ago. */
export async function* everyPerson(table: string): AsyncGenerator<Stored> {
  for (let shard = 0; shard < peopleShards; shard++)
    for (let from = ' '; ; ) {
      const rows = await query(table, peoplePk(shard), { index: 'gsi1', from, limit: pageSize });
      for (const row of rows) yield Stored.parse(row);
      const last = rows.at(-1);
      if (!last || rows.length < pageSize) break;
      from = String(last.gsi1sk);
    }
}

export async function personById(table: string, id: string): Promise<Stored | undefined> {
  const row = await get(table, person.key(id));
  return row && Stored.parse(row);
}

export async function personBySubject(table: string, { issuer, subject }: Subject): Promise<Stored | undefined> {
  const row = await get(table, identity.key(issuer, subject));
  return row && personById(table, Identity.parse(row).person);
}

/** Everyone who carries the address now. */
export async function peopleByEmail(table: string, email: string): Promise<Stored[]> {
  const aliases = await query(table, alias.key(email, '').pk);
  const rows = await getMany(aliases.map((row) => ({ table, key: person.key(Alias.parse(row).person) })));
  return rows.filter((row) => row !== undefined).map((row) => Stored.parse(row));
}

/** Writes what a reading changes. Undefined when nobody is known by the subject and the reading cannot introduce them. */
export async function settle(table: string, who: Subject, reading: Reading): Promise<Person | undefined> {
  for (let race = 1; race <= maxRaces; race++) {
    const stored = await personBySubject(table, who);
    const { profile } = reading;
    if (!stored && !profile) return undefined;
    const next = stored ? reconcile(stored, reading) : profile && introduce({ ...reading, profile }, freshId('per'), who);
    if (!next) return stored;
    const { held } = await transact(writesOf(table, stored, next, who));
    if (held) return next.person;
  }
  throw new Throttled(`One person's record was written by others ${maxRaces} times in a row`);
}

/** What stands where a name and an address were. */
const erased = 'erased';

export type Erased = { outcome: 'erased' | 'unknown' } | { outcome: 'refused'; because: 'not_left' | 'held' };

/**
 * Takes name, address, groups and the directory's id out of a leaver's record. The id stays, so that spend keeps a pseudonym; whoever is hired again
 * under the directory's old id is a new person. The race: a return settles first and is no leaver any more; `version` decides.
 */
export async function erase(table: string, id: string): Promise<Erased> {
  for (let race = 1; race <= maxRaces; race++) {
    const stored = await personById(table, id);
    if (!stored) return { outcome: 'unknown' };
    if (stored.status !== 'left') return { outcome: 'refused', because: 'not_left' };
    if (stored.hold) return { outcome: 'refused', because: 'held' };
    if (stored.email === erased && stored.subjects.length === 0) return { outcome: 'erased' };
    const { version, ...known } = stored;
    const { group_ids: _, ...kept } = known;
    const next: Person = { ...kept, email: erased, name: erased, groups: [], subjects: [] };
    const { held } = await transact([
      {
        Put: {
          TableName: table,
          Item: { ...person.key(id), ...peopleIndex(id), ...next, version: version + 1 },
          ConditionExpression: 'version = :version',
          ExpressionAttributeValues: { ':version': version },
        },
      },
      { Delete: { TableName: table, Key: alias.key(stored.email, id) } },
      ...stored.subjects.map(({ issuer, subject }): Write => ({ Delete: { TableName: table, Key: identity.key(issuer, subject) } })),
      publish(table, personChanged, { person: id, generation: next.generation, status: 'left', groups: [] }),
    ]);
    if (held) return { outcome: 'erased' };
  }
  throw new Throttled(`One person's record was written by others ${maxRaces} times in a row`);
}

function writesOf(table: string, stored: Stored | undefined, { person: next, facts }: Reconciled, who: Subject): Write[] {
  const writes: Write[] = [
    {
      Put: {
        TableName: table,
        Item: { ...person.key(next.id), ...peopleIndex(next.id), ...next, version: (stored?.version ?? 0) + 1 },
        ...(stored
          ? { ConditionExpression: 'version = :version', ExpressionAttributeValues: { ':version': stored.version } }
          : { ConditionExpression: 'attribute_not_exists(pk)' }),
      },
    },
  ];
  if (!stored) {
    const row = { person: next.id, issuer: who.issuer, subject: who.subject };
    writes.push({
      Put: {
        TableName: table,
        Item: { ...identity.key(who.issuer, who.subject), ...row },
        ConditionExpression: 'attribute_not_exists(pk)',
      },
    });
  }
  if (stored?.email.toLowerCase() !== next.email.toLowerCase()) {
    const email = next.email.toLowerCase();
    writes.push({ Put: { TableName: table, Item: { ...alias.key(email, next.id), email, person: next.id } } });
    if (stored) writes.push({ Delete: { TableName: table, Key: alias.key(stored.email, next.id) } });
  }
  return [...writes, ...facts.map((fact) => outbox(table, fact))];
}

function outbox(table: string, fact: Told): Write {
  switch (fact.type) {
    case 'person-joined':
      return publish(table, personJoined, fact.detail);
    case 'person-left':
      return publish(table, personLeft, fact.detail);
    case 'person-returned':
      return publish(table, personReturned, fact.detail);
    case 'person-moved':
      return publish(table, personMoved, fact.detail);
    case 'person-changed':
      return publish(table, personChanged, fact.detail);
  }
}
