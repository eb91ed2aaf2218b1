/** Reads, for each person and day, what the ledger, clients, our gateway and vendors say. Writes nothing. */
import { query } from '@gatehouse/runtime/table';
import { billedOn } from './billed.dynamo.ts';
import { heardPk, sequencePk } from './observed.dynamo.ts';
import { type Known, nobodys } from './reconciliation.ts';
import { daysOf, type Span } from './span.ts';
import { spentByAll } from './spend.dynamo.ts';

export interface KnownInAll {
  people: Known[];
  /** What a vendor says that the whole organization owes for a day. */
  organization: { day: string; amount_micros: number }[];
}

export async function knownIn(table: string, span: Span): Promise<KnownInAll> {
  const all: KnownInAll = { people: [], organization: [] };
  for (const day of daysOf(span)) {
    const { people, organization } = await knownOn(table, day);
    all.people.push(...people);
    if (organization !== undefined) all.organization.push({ day, amount_micros: organization });
  }
  return all;
}

async function knownOn(table: string, day: string): Promise<{ people: Known[]; organization: number | undefined }> {
  const [spent, billed, heard, numbered] = await Promise.all([
    spentByAll(table, { from: day, to: day }),
    billedOn(table, day),
    query(table, heardPk(day)),
    query(table, sequencePk(day)),
  ]);
  const people = new Map<string, Known>();
  const of = (person: string): Known => {
    const found = people.get(person) ?? { person, day, ledger: 0, claimed: 0, server: 0, billed: {}, missing: 0, heard: false };
    people.set(person, found);
    return found;
  };
  for (const { person, amount_micros, claimed_micros, server_micros } of spent) {
    const one = of(person);
    one.ledger += amount_micros;
    one.claimed += claimed_micros;
    one.server += server_micros;
  }
  for (const [person, by] of billed.people) of(person).billed = by;
  for (const { sk } of heard) of(String(sk)).heard = true;
  for (const { person, missing_events } of numbered) of(String(person ?? nobodys)).missing += Number(missing_events ?? 0);
  return { people: [...people.values()], organization: billed.organization };
}
