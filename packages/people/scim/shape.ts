/**
 * Brings what identity providers send into the schema's own shape: names in any case, "True" for true, a bare text for a complex value,
 * dotted keys, attributes that nobody may write. Drops what no schema knows; the schema itself is checked afterwards.
 */
import { ok, type Result } from '@gatehouse/core/result';
import { type Attribute, type Attributes, placeOf, type Vocabulary } from './attributes.ts';
import { quoted, refuseInput, type ScimRefusal } from './refusal.ts';

export type Json = Record<string, unknown>;

/** Never an attribute, always an attempt. */
const hostile = new Set(['__proto__', 'constructor', 'prototype']);
const maxDepth = 12;

/** A body that may be worked on: an object, not too deep, without a key that reaches into JavaScript itself. */
export function checkBody(body: unknown): Result<Json, ScimRefusal> {
  if (!isJson(body)) return refuseInput('invalidSyntax', 'The body is not a JSON object');
  const trouble = troubleOf(body, 0);
  return trouble === undefined ? ok(body) : refuseInput('invalidSyntax', trouble);
}

function troubleOf(value: unknown, depth: number): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > maxDepth) return `The body nests deeper than ${maxDepth}`;
  const keys = Object.keys(value);
  const bad = keys.find((key) => hostile.has(key));
  if (bad !== undefined) return `${quoted(bad)} is no attribute`;
  for (const one of Object.values(value)) {
    const trouble = troubleOf(one, depth + 1);
    if (trouble !== undefined) return trouble;
  }
  return undefined;
}

/** A whole resource, of a POST or PUT. What only the server writes is left out without a word (RFC 7644 section 3.5.1). */
export function shapeResource(body: Json, vocabulary: Vocabulary): Json {
  const shaped: Json = {};
  for (const [key, value] of Object.entries(body)) {
    const extension = vocabulary.extensions.get(key.toLowerCase());
    if (extension) {
      if (isJson(value)) shaped[extension.schema] = { ...asJson(shaped[extension.schema]), ...shapeMembers(value, extension.attributes) };
      continue;
    }
    const place = placeOf(vocabulary, key);
    if (!place || place.attribute.readOnly) continue;
    const wanted = place.sub ?? place.attribute;
    const made = shapeValue(value, wanted);
    if (made === undefined) continue;
    const holder = place.extension === undefined ? shaped : memberOf(shaped, place.extension);
    if (place.sub) memberOf(holder, place.attribute.name)[place.sub.name] = made;
    else holder[place.attribute.name] = made;
  }
  return { schemas: schemasOf(shaped, vocabulary), ...shaped };
}

/** One attribute's value; undefined for what is nothing. */
export function shapeValue(value: unknown, attribute: Attribute): unknown {
  if (value === null || value === undefined) return undefined;
  if (!attribute.multiValued) return shapeOne(value, attribute);
  const elements = (Array.isArray(value) ? value : [value]).map((one) => shapeOne(one, attribute)).filter((one) => one !== undefined);
  return elements.length === 0 ? undefined : distinct(elements);
}

export function shapeOne(value: unknown, attribute: Attribute): unknown {
  if (value === null || value === undefined) return undefined;
  if (attribute.type === 'complex') {
    const object = isJson(value) ? value : attribute.sub.has('value') && typeof value === 'string' ? { value } : value;
    if (!isJson(object)) return object;
    const members = shapeMembers(object, attribute.sub);
    return Object.keys(members).length === 0 ? undefined : members;
  }
  if (attribute.type === 'boolean' && typeof value === 'string' && /^(true|false)$/i.test(value)) return value.toLowerCase() === 'true';
  return value;
}

function shapeMembers(object: Json, attributes: Attributes): Json {
  const shaped: Json = {};
  for (const [key, value] of Object.entries(object)) {
    const attribute = attributes.get(key.toLowerCase());
    if (!attribute || attribute.readOnly) continue;
    const made = shapeValue(value, attribute);
    if (made !== undefined) shaped[attribute.name] = made;
  }
  return shaped;
}

export function schemasOf(resource: Json, vocabulary: Vocabulary): string[] {
  return [vocabulary.schema, ...[...vocabulary.extensions.values()].map(({ schema }) => schema).filter((schema) => schema in resource)];
}

/** The same element sent twice is there once. */
export function distinct(elements: readonly unknown[]): unknown[] {
  const seen = new Map(elements.map((one) => [JSON.stringify(one), one]));
  return [...seen.values()];
}

export function memberOf(holder: Json, name: string): Json {
  const known = holder[name];
  if (isJson(known)) return known;
  const made: Json = {};
  holder[name] = made;
  return made;
}

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asJson(value: unknown): Json {
  return isJson(value) ? value : {};
}
