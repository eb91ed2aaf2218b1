/** What a SCIM list or read asks for: which page, which filter, which attributes (RFC 7644 sections 3.4.2 and 3.9). */
import { ok, type Result } from '@gatehouse/core/result';
import { type Vocabulary, withoutUrn } from './attributes.ts';
import { checkFilter, type Filter, parseFilter } from './filter.ts';
import { refuseInput, type ScimRefusal } from './refusal.ts';
import { isJson, type Json } from './shape.ts';

export const maxResults = 200;
const usualCount = 100;

export interface Wanted {
  /** Counts from one. */
  startIndex: number;
  count: number;
  filter: Filter | undefined;
}

export function readWanted(query: URLSearchParams, vocabulary: Vocabulary): Result<Wanted, ScimRefusal> {
  const startIndex = numberIn(query, 'startIndex', 1);
  const count = numberIn(query, 'count', usualCount);
  if (startIndex === undefined || count === undefined) return refuseInput('invalidValue', 'startIndex and count are whole numbers');
  const written = query.get('filter')?.trim();
  const page = { startIndex: Math.max(1, startIndex), count: Math.min(maxResults, Math.max(0, count)) };
  if (!written) return ok({ ...page, filter: undefined });
  const parsed = parseFilter(written);
  const checked = parsed.ok ? checkFilter(parsed.value, vocabulary) : parsed;
  return checked.ok ? ok({ ...page, filter: checked.value }) : checked;
}

function numberIn(query: URLSearchParams, name: string, usual: number): number | undefined {
  const text = query.get(name)?.trim();
  if (!text) return usual;
  return /^-?\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** Of a POST to `.search` (RFC 7644 section 3.4.3), as if it had been a query. */
export function queryOf(body: Json): URLSearchParams {
  const query = new URLSearchParams();
  for (const name of ['filter', 'startIndex', 'count', 'attributes', 'excludedAttributes']) {
    const value = body[name];
    if (Array.isArray(value)) query.set(name, value.map(String).join(','));
    else if (typeof value === 'string' || typeof value === 'number') query.set(name, String(value));
  }
  return query;
}

/** Id and schemas are always returned. */
const always = new Set(['id', 'schemas']);

/** The attributes asked for, or all but those asked not to be there. Names that mean nothing are passed over. */
export function project(resource: Json, query: URLSearchParams, vocabulary: Vocabulary): Json {
  const only = namesIn(query.get('attributes'), vocabulary);
  const without = namesIn(query.get('excludedAttributes'), vocabulary);
  if (only.length === 0 && without.length === 0) return resource;
  const shown: Json = {};
  for (const [key, value] of Object.entries(resource)) {
    const name = key.toLowerCase();
    if (always.has(key)) shown[key] = value;
    else if (only.length > 0) keep(shown, key, value, only);
    else if (!without.includes(name)) shown[key] = dropSubs(value, name, without);
  }
  return shown;
}

function keep(shown: Json, key: string, value: unknown, only: readonly string[]): void {
  const name = key.toLowerCase();
  if (only.includes(name)) shown[key] = value;
  else {
    const subs = only.filter((one) => one.startsWith(`${name}.`)).map((one) => one.slice(name.length + 1));
    if (subs.length > 0) shown[key] = mapMembers(value, (sub) => subs.includes(sub));
  }
}

function dropSubs(value: unknown, name: string, without: readonly string[]): unknown {
  const subs = without.filter((one) => one.startsWith(`${name}.`)).map((one) => one.slice(name.length + 1));
  return subs.length === 0 ? value : mapMembers(value, (sub) => !subs.includes(sub));
}

function mapMembers(value: unknown, isWanted: (name: string) => boolean): unknown {
  if (Array.isArray(value)) return value.map((one) => mapMembers(one, isWanted));
  if (!isJson(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => isWanted(name.toLowerCase())));
}

/** In lower case; an extension's attributes as `<urn>.<name>`; what stands in brackets says nothing about names. */
function namesIn(text: string | null, vocabulary: Vocabulary): string[] {
  if (!text) return [];
  return text
    .replace(/\[[^\]]*\]/g, '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .map((name) => {
      const { extension, rest } = withoutUrn(vocabulary, name);
      return (extension === undefined ? rest : `${extension}.${rest}`).toLowerCase();
    });
}
