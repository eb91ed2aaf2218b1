/** Reads what the roll of clients is made of: the policy in force, everybody who is here, and every client heard of. Writes nothing. */
import type { PolicyDocument } from '@gatehouse/rules/document';
import { standings } from './client.ts';
import { type RollEntry, rollOf } from './client-roll.ts';
import { allClients } from './clients.dynamodb.ts';
import { activePeople } from './people.records.ts';
import { documentAt, readHead } from './store.dynamodb.ts';

/** The worst first, then by address. Throws Unavailable, Throttled. */
export async function readRoll(
  tables: { policy: string; people: string },
  publicUrl: string,
): Promise<{ version: number; document: PolicyDocument | undefined; roll: RollEntry[] }> {
  const { version } = await readHead(tables.policy);
  const document = await documentAt(tables.policy, version);
  if (!document) return { version, document, roll: [] };
  const [clients, people] = await Promise.all([allClients(tables.policy), activePeople(tables.people)]);
  const roll = rollOf(clients, people, { document, publicUrl });
  return { version, document, roll: roll.sort((a, b) => rank(a) - rank(b) || (a.person.email < b.person.email ? -1 : 1)) };
}

function rank({ standing }: RollEntry): number {
  return standings.indexOf(standing);
}
