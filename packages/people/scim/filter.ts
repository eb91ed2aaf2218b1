/**
 * SCIM filters (RFC 7644 section 3.4.2.2): parses and matches. Attribute names and operators match in any case, and so do values but for ids.
 * Values without quotes are taken as texts: Entra ID's own test collection sends them.
 */
import { ok, type Result } from '@gatehouse/core/result';
import { type Place, placeOf, type Vocabulary } from './attributes.ts';
import { quoted, refuseInput, type ScimRefusal } from './refusal.ts';

const comparisons = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'] as const;
export type Comparison = (typeof comparisons)[number];
type Scalar = string | number | boolean | null;

export type Filter =
  | { kind: 'and' | 'or'; of: readonly [Filter, Filter] }
  | { kind: 'not'; of: Filter }
  | { kind: 'has'; path: string; of: Filter }
  | { kind: 'present'; path: string }
  | { kind: Comparison; path: string; value: Scalar };

type Parsed<T> = Result<T, ScimRefusal>;
interface Token {
  kind: 'word' | 'text' | 'mark';
  text: string;
}

const maxLength = 4_096;
const maxDepth = 20;
const lexeme = /\s*(?:([()[\]])|("(?:[^"\\]|\\.)*")|([^\s()[\]"]+))/y;

export function parseFilter(written: string): Parsed<Filter> {
  if (written.length > maxLength) return refuseInput('invalidFilter', `A filter ends at ${maxLength} characters`);
  const tokens = tokenize(written);
  if (!tokens.ok) return tokens;
  const parsed = either(tokens.value, 0);
  if (!parsed.ok) return parsed;
  return tokens.value.length === 0 ? parsed : wrong(`${quoted(tokens.value[0]?.text ?? '')} does not belong there`);
}

function tokenize(written: string): Parsed<Token[]> {
  const tokens: Token[] = [];
  const text = written.trimEnd();
  lexeme.lastIndex = 0;
  while (lexeme.lastIndex < text.length) {
    const [, mark, string, word] = lexeme.exec(text) ?? [];
    if (mark) tokens.push({ kind: 'mark', text: mark });
    else if (word) tokens.push({ kind: 'word', text: word });
    else if (string) {
      const value = unquote(string);
      if (value === undefined) return wrong(`${quoted(string)} is no JSON string`);
      tokens.push({ kind: 'text', text: value });
    } else return wrong('a quotation mark is not closed');
  }
  return ok(tokens);
}

function unquote(string: string): string | undefined {
  try {
    return String(JSON.parse(string));
  } catch {
    return undefined;
  }
}

/** `or` binds least, then `and`, then `not`. */
function either(tokens: Token[], depth: number): Parsed<Filter> {
  return chain(tokens, 'or', () => chain(tokens, 'and', () => term(tokens, depth)));
}

function chain(tokens: Token[], word: 'and' | 'or', operand: () => Parsed<Filter>): Parsed<Filter> {
  let left = operand();
  while (left.ok && isWord(tokens[0], word)) {
    tokens.shift();
    const right = operand();
    if (!right.ok) return right;
    left = ok({ kind: word, of: [left.value, right.value] });
  }
  return left;
}

function term(tokens: Token[], depth: number): Parsed<Filter> {
  if (depth > maxDepth) return wrong(`it nests deeper than ${maxDepth}`);
  if (isMark(tokens[0], '(')) return bracketed(tokens, ')', depth);
  const name = tokens.shift();
  if (isWord(name, 'not') && isMark(tokens[0], '(')) {
    const of = bracketed(tokens, ')', depth);
    return of.ok ? ok({ kind: 'not', of: of.value }) : of;
  }
  if (name?.kind !== 'word') return wrong('an attribute is missing');
  if (isMark(tokens[0], '[')) {
    const of = bracketed(tokens, ']', depth);
    return of.ok ? ok({ kind: 'has', path: name.text, of: of.value }) : of;
  }
  const operator = tokens.shift()?.text.toLowerCase();
  if (operator === 'pr') return ok({ kind: 'present', path: name.text });
  const kind = comparisons.find((one) => one === operator);
  if (!kind) return wrong(`after ${quoted(name.text)} one of ${comparisons.join(', ')} or pr is expected`);
  const value = tokens.shift();
  if (!value || value.kind === 'mark') return wrong(`after ${kind} a value is expected`);
  return ok({ kind, path: name.text, value: value.kind === 'text' ? value.text : scalarOf(value.text) });
}

function bracketed(tokens: Token[], close: ')' | ']', depth: number): Parsed<Filter> {
  tokens.shift();
  const inner = either(tokens, depth + 1);
  if (!inner.ok) return inner;
  return isMark(tokens.shift(), close) ? inner : wrong(`"${close}" is missing`);
}

function scalarOf(word: string): Scalar {
  if (/^(true|false)$/i.test(word)) return word.toLowerCase() === 'true';
  if (word === 'null') return null;
  return /^-?\d+(\.\d+)?$/.test(word) ? Number(word) : word;
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text.toLowerCase() === word;
}
function isMark(token: Token | undefined, mark: string): boolean {
  return token?.kind === 'mark' && token.text === mark;
}
function wrong(why: string): { ok: false; refusal: ScimRefusal } {
  return refuseInput('invalidFilter', `The filter cannot be read: ${why}`);
}

/** A filter whose every attribute is one of the resource's. */
export function checkFilter(filter: Filter, vocabulary: Vocabulary, within = ''): Parsed<Filter> {
  switch (filter.kind) {
    case 'and':
    case 'or': {
      const left = checkFilter(filter.of[0], vocabulary, within);
      const right = left.ok ? checkFilter(filter.of[1], vocabulary, within) : left;
      return right.ok ? ok(filter) : right;
    }
    case 'not': {
      const of = checkFilter(filter.of, vocabulary, within);
      return of.ok ? ok(filter) : of;
    }
    case 'has': {
      const of = checkFilter(filter.of, vocabulary, `${filter.path}.`);
      return of.ok ? ok(filter) : of;
    }
    default:
      return placeOf(vocabulary, within + filter.path) ? ok(filter) : wrong(`there is no attribute ${quoted(within + filter.path)}`);
  }
}

type Json = Readonly<Record<string, unknown>>;

/** Whether the resource, as it would be shown, matches. @param filter checked. */
export function matches(filter: Filter, resource: Json, vocabulary: Vocabulary): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.of.every((one) => matches(one, resource, vocabulary));
    case 'or':
      return filter.of.some((one) => matches(one, resource, vocabulary));
    case 'not':
      return !matches(filter.of, resource, vocabulary);
    case 'has': {
      const place = placeOf(vocabulary, filter.path);
      return place ? elementsOf(place, resource).some((element) => matchesElement(filter.of, element, place)) : false;
    }
    default: {
      const place = placeOf(vocabulary, filter.path);
      return place ? test(filter, valuesAt(place, resource), place) : false;
    }
  }
}

/** Whether one element of a multi-valued attribute matches what stands in its brackets. */
export function matchesElement(filter: Filter, element: Json, place: Place): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.of.every((one) => matchesElement(one, element, place));
    case 'or':
      return filter.of.some((one) => matchesElement(one, element, place));
    case 'not':
      return !matchesElement(filter.of, element, place);
    case 'has':
      return false;
    default: {
      const sub = place.attribute.sub.get(filter.path.toLowerCase());
      return sub ? test(filter, listed(element[sub.name]), { ...place, sub }) : false;
    }
  }
}

type Leaf = Extract<Filter, { path: string }>;

function test(filter: Exclude<Leaf, { kind: 'has' }>, values: readonly unknown[], place: Place): boolean {
  const present = values.filter((value) => value !== undefined && value !== null && value !== '');
  if (filter.kind === 'present') return present.length > 0;
  if (filter.value === null) return (filter.kind === 'eq') === (present.length === 0);
  const exact = isExact(place);
  const wanted = filter.value;
  if (filter.kind === 'ne') return !present.some((value) => compare('eq', value, wanted, exact));
  return present.some((value) => compare(filter.kind as Comparison, value, wanted, exact));
}

/** Ids distinguish their letters' case; names and addresses do not (RFC 7643 sections 3.1 and 4.1). */
function isExact({ attribute, sub }: Place): boolean {
  return ['id', 'externalId', 'schemas'].includes(attribute.name) || (attribute.name === 'members' && sub?.name === 'value');
}

function compare(kind: Comparison, actual: unknown, wanted: Exclude<Scalar, null>, exact: boolean): boolean {
  if (typeof actual === 'boolean') {
    const is = typeof wanted === 'boolean' ? wanted : String(wanted).toLowerCase() === 'true';
    return kind === 'eq' && actual === is;
  }
  if (typeof actual !== 'string' && typeof actual !== 'number') return false;
  const fold = (value: unknown) => (exact ? String(value) : String(value).toLowerCase());
  const [a, b] = [fold(actual), fold(wanted)];
  switch (kind) {
    case 'eq':
      return a === b;
    case 'ne':
      return a !== b;
    case 'co':
      return a.includes(b);
    case 'sw':
      return a.startsWith(b);
    case 'ew':
      return a.endsWith(b);
    default:
      return inOrder(kind, order(actual, wanted, a, b));
  }
}

function inOrder(kind: 'gt' | 'ge' | 'lt' | 'le', difference: number): boolean {
  switch (kind) {
    case 'gt':
      return difference > 0;
    case 'ge':
      return difference >= 0;
    case 'lt':
      return difference < 0;
    case 'le':
      return difference <= 0;
  }
}

const instant = /^\d{4}-\d{2}-\d{2}T/;

function order(actual: string | number, wanted: Exclude<Scalar, null>, a: string, b: string): number {
  if (typeof actual === 'number' && typeof wanted === 'number') return actual - wanted;
  if (instant.test(String(actual)) && instant.test(String(wanted))) return Date.parse(String(actual)) - Date.parse(String(wanted));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The values that a path means in a resource: all elements' own, for a multi-valued one. */
function valuesAt({ extension, attribute, sub }: Place, resource: Json): unknown[] {
  const found = listed(holderOf(extension, resource)[attribute.name]);
  if (sub) return found.flatMap((one) => (isJson(one) ? listed(one[sub.name]) : []));
  return found.map((one) => (isJson(one) && attribute.multiValued ? one.value : one));
}

function elementsOf({ extension, attribute }: Place, resource: Json): Json[] {
  return listed(holderOf(extension, resource)[attribute.name]).filter(isJson);
}

function holderOf(extension: string | undefined, resource: Json): Json {
  if (extension === undefined) return resource;
  const holder = resource[extension];
  return isJson(holder) ? holder : {};
}

function listed(value: unknown): unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value];
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The values that every match must have, where the filter says so: `userName eq "x"`, alone or within `and`. */
export function demandOf(filter: Filter, name: string): string | undefined {
  if (filter.kind === 'and') return demandOf(filter.of[0], name) ?? demandOf(filter.of[1], name);
  const isIt = filter.kind === 'eq' && filter.path.toLowerCase() === name.toLowerCase();
  return isIt && filter.value !== null ? String(filter.value) : undefined;
}
