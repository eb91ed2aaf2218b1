/**
 * Whom a relay names in its resources: `gatehouse.person` or `user.id` with a person's id, else `user.email`. Names that mean nobody, or several, stay with
 * the relay's owner and are counted. Only a key that may name people is asked here at all.
 */
import { now } from '@gatehouse/runtime/clock';
import { findPerson } from '@gatehouse/runtime/find-person';
import { type Attributes, textOf } from './otlp/attribute.ts';
import type { Reading } from './otlp/reading.ts';

const keepMs = 60_000;
const mostKept = 5_000;
const mostNames = 200;
const atOnce = 8;
const kept = new Map<string, { readAt: number; person: string | undefined }>();

export interface Relayed {
  whose(resource: Attributes): string;
  /** Names in the request that mean nobody we know. */
  unknown: number;
}

/** @param owner of the key. @param table of people. Throws Unavailable, Throttled: better later than on the wrong bill. */
export async function relayedBy(owner: string, reading: Reading, table: string): Promise<Relayed> {
  const names = new Set<string>();
  for (const resource of resourcesOf(reading)) {
    const name = nameIn(resource);
    if (name !== undefined && names.size < mostNames) names.add(name);
  }
  const found = new Map<string, string | undefined>();
  const all = [...names];
  for (let at = 0; at < all.length; at += atOnce)
    await Promise.all(all.slice(at, at + atOnce).map(async (name) => found.set(name, await personOf(name, table))));
  return {
    whose: (resource) => found.get(nameIn(resource) ?? '') ?? owner,
    unknown: [...found.values()].filter((person) => person === undefined).length,
  };
}

function resourcesOf({ points, requests }: Reading): Set<Attributes> {
  return new Set([...points, ...requests].map(({ resource }) => resource));
}

function nameIn(resource: Attributes): string | undefined {
  const id = textOf(resource, 'gatehouse.person') ?? textOf(resource, 'user.id');
  return id?.startsWith('per_') ? id : textOf(resource, 'user.email')?.toLowerCase();
}

async function personOf(name: string, table: string): Promise<string | undefined> {
  const known = kept.get(name);
  if (known && now() - known.readAt < keepMs) return known.person;
  const found = await findPerson(table, name);
  const person = found.ok ? found.value.id : undefined;
  if (kept.size >= mostKept) kept.clear();
  kept.set(name, { readAt: now(), person });
  return person;
}
