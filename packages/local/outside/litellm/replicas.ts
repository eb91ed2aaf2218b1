/**
 * LiteLLM's pods and their one weakness: each keeps the keys it has seen for a minute, alone. Decides whether a key is let in on one replica.
 * A key blocked, changed or deleted through one replica stays as it was on the others until their own minute is over.
 */
import type { Answer, Call } from '../http.ts';
import type { KeyRecord, Records } from './records.ts';
import { tokenOf } from './records.ts';
import { blockedKey, expiredKey, malformedKey, noKey, unknownKey } from './refusals.ts';

export interface Replica {
  /** From 1. */
  number: number;
  cache: Map<string, Cached>;
}

interface Cached {
  record: KeyRecord;
  until: number;
}

export type Caller =
  | { admitted: true; master: true }
  | { admitted: true; master: false; record: KeyRecord }
  | { admitted: false; answer: Answer };

export interface AuthOptions {
  records: Records;
  masterKey: string;
  /** Stack time in milliseconds. */
  now(): number;
  cacheSeconds: number;
  /** Every use writes the cached copy back for another full period, so that a key in steady use never leaves the cache (BerriAI/litellm#25553). */
  refreshedByUse: boolean;
}

export function createReplicas(count: number): Replica[] {
  return Array.from({ length: count }, (_, index) => ({ number: index + 1, cache: new Map() }));
}

export function authenticate(options: AuthOptions, replica: Replica, call: Call): Caller {
  const key = presentedKey(call);
  if (key === undefined) return { admitted: false, answer: noKey() };
  if (key === options.masterKey) return { admitted: true, master: true };
  if (!key.startsWith('sk-')) return { admitted: false, answer: malformedKey() };
  const token = tokenOf(key);
  const record = look(options, replica, token);
  if (!record) return { admitted: false, answer: unknownKey(key) };
  if (record.blocked) return { admitted: false, answer: blockedKey() };
  if (record.expires !== null && Date.parse(record.expires) <= options.now()) {
    return { admitted: false, answer: expiredKey(record.expires, options.now()) };
  }
  if (options.refreshedByUse) remember(options, replica, record);
  return { admitted: true, master: false, record };
}

function look(options: AuthOptions, replica: Replica, token: string): KeyRecord | undefined {
  const cached = replica.cache.get(token);
  if (cached && cached.until > options.now()) return cached.record;
  replica.cache.delete(token);
  const record = options.records.keys.get(token);
  return record && remember(options, replica, record);
}

/** Keeps a copy: what later happens to the table does not reach it. */
export function remember(options: AuthOptions, replica: Replica, record: KeyRecord): KeyRecord {
  const copy = structuredClone(record);
  replica.cache.set(record.token, { record: copy, until: options.now() + options.cacheSeconds * 1000 });
  return copy;
}

function presentedKey(call: Call): string | undefined {
  const bearer = /^Bearer\s+(.+)$/i.exec(call.headers.authorization ?? '')?.[1];
  const header = call.headers['x-api-key'] ?? call.headers['x-litellm-api-key'];
  return bearer ?? (typeof header === 'string' ? header : undefined);
}
