/**
 * Applies a PATCH (RFC 7644 section 3.5.2) to a copy of a resource: all operations or none. Reads both of Entra ID's dialects and Okta's:
 * op in any case, no path, dotted keys, values to remove beside the path, a filtered element that is not there yet.
 */
import { ok, type Result } from '@gatehouse/core/result';
import * as z from 'zod';
import { type Place, placeOf, type Vocabulary, withoutUrn } from './attributes.ts';
import { type Filter, matchesElement, parseFilter } from './filter.ts';
import { quoted, refuseInput, type ScimRefusal } from './refusal.ts';
import { distinct, isJson, type Json, memberOf, schemasOf, shapeOne, shapeValue } from './shape.ts';

export const patchSchema = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const maxOperations = 1_000;

/** One operation on one place. */
export interface Operation {
  op: 'add' | 'remove' | 'replace';
  place: Place;
  filter: Filter | undefined;
  value: unknown;
}

const Written = z.object({
  schemas: z.array(z.string()),
  Operations: z.array(z.object({ op: z.string(), path: z.string().max(1_000).nullish(), value: z.unknown().optional() })).min(1),
});

export function readOperations(body: Json, vocabulary: Vocabulary): Result<Operation[], ScimRefusal> {
  const written = Written.safeParse({ ...body, Operations: body.Operations ?? body.operations });
  if (!written.success) return refuseInput('invalidSyntax', 'A PATCH is {"schemas": [...], "Operations": [{"op", "path", "value"}, ...]}');
  if (!written.data.schemas.some((schema) => schema.toLowerCase() === patchSchema.toLowerCase()))
    return refuseInput('invalidSyntax', `The schema of a PATCH is ${patchSchema}`);
  if (written.data.Operations.length > maxOperations)
    return { ok: false, refusal: { status: 413, scimType: 'tooMany', detail: `A PATCH ends at ${maxOperations} operations` } };
  const operations: Operation[] = [];
  for (const { op: word, path, value } of written.data.Operations) {
    const op = word.toLowerCase();
    if (op !== 'add' && op !== 'remove' && op !== 'replace') return refuseInput('invalidSyntax', `${quoted(word)} is no operation`);
    const read = path ? readOne(op, path, value, vocabulary) : readMembers(op, value, vocabulary);
    if (!read.ok) return read;
    operations.push(...read.value);
  }
  return ok(operations);
}

/** No path: each member of the value is an attribute. What only the server writes is passed over. */
function readMembers(op: Operation['op'], value: unknown, vocabulary: Vocabulary): Result<Operation[], ScimRefusal> {
  if (op === 'remove') return refuseInput('noTarget', 'A remove names its path');
  if (!isJson(value)) return refuseInput('invalidValue', 'Without a path the value is an object of attributes');
  const operations: Operation[] = [];
  for (const [key, member] of Object.entries(value)) {
    const extension = vocabulary.extensions.get(key.toLowerCase());
    if (extension && isJson(member)) {
      for (const [name, inner] of Object.entries(member)) {
        const read = readOne(op, `${extension.schema}:${name}`, inner, vocabulary);
        if (!read.ok) return read;
        operations.push(...read.value);
      }
      continue;
    }
    if (placeOf(vocabulary, key)?.attribute.readOnly || key.toLowerCase() === 'password') continue;
    const read = readOne(op, key, member, vocabulary);
    if (!read.ok) return read;
    operations.push(...read.value);
  }
  return ok(operations);
}

/** `attribute`, `attribute.sub`, `attribute[filter]`, `attribute[filter].sub`, any of them after a schema's URN. */
function readOne(op: Operation['op'], path: string, value: unknown, vocabulary: Vocabulary): Result<Operation[], ScimRefusal> {
  const { extension, rest } = withoutUrn(vocabulary, path.trim());
  const open = rest.indexOf('[');
  const close = rest.lastIndexOf(']');
  if (open >= 0 !== close > open || !/^(\.[^.[\]]+)?$/.test(open >= 0 ? rest.slice(close + 1) : ''))
    return refuseInput('invalidPath', `${quoted(path)} cannot be read`);
  const name = open >= 0 ? rest.slice(0, open) + rest.slice(close + 1) : rest;
  const place = placeOf(vocabulary, extension === undefined ? name : `${extension}:${name}`);
  if (!place) {
    // Entra ID sends a placeholder to whatever has a password attribute; ours has none.
    if (name.toLowerCase() === 'password') return ok([]);
    return refuseInput('invalidPath', `There is no attribute ${quoted(path)}`);
  }
  if (place.attribute.readOnly || place.sub?.readOnly) return refuseInput('mutability', `${quoted(path)} is read only`);
  if (open < 0) return op !== 'remove' && value === undefined ? noValue(path) : ok([{ op, place, filter: undefined, value }]);
  if (!place.attribute.multiValued) return refuseInput('invalidPath', `${quoted(path)} has brackets, but one value only`);
  const filter = parseFilter(rest.slice(open + 1, close));
  if (!filter.ok) return refuseInput('invalidPath', filter.refusal.detail);
  return op !== 'remove' && value === undefined ? noValue(path) : ok([{ op, place, filter: filter.value, value }]);
}

function noValue(path: string): { ok: false; refusal: ScimRefusal } {
  return refuseInput('invalidValue', `What ${quoted(path)} should become is missing`);
}

/** The resource afterwards; the one given stays as it is. */
export function applyOperations(resource: Json, operations: readonly Operation[], vocabulary: Vocabulary): Result<Json, ScimRefusal> {
  const copy = structuredClone(resource);
  for (const operation of operations) {
    const holder = operation.place.extension === undefined ? copy : memberOf(copy, operation.place.extension);
    const applied = operation.filter ? applyToElements(holder, operation, operation.filter) : applyToAttribute(holder, operation);
    if (!applied.ok) return applied;
  }
  for (const { schema } of vocabulary.extensions.values())
    if (isJson(copy[schema]) && Object.keys(copy[schema]).length === 0) delete copy[schema];
  return ok({ ...copy, schemas: schemasOf(copy, vocabulary) });
}

const done = ok(undefined);

function applyToAttribute(holder: Json, { op, place, value }: Operation): Result<undefined, ScimRefusal> {
  const { attribute, sub } = place;
  if (sub) return applyToSub(holder, { op, place, value, filter: undefined });
  const shaped = shapeValue(value, attribute);
  if (op === 'remove' && attribute.multiValued && shaped !== undefined) {
    setOrDrop(holder, attribute.name, without(elementsOf(holder[attribute.name]), elementsOf(shaped)));
    return done;
  }
  if (op === 'remove' || shaped === undefined) {
    delete holder[attribute.name];
    return done;
  }
  if (attribute.multiValued) {
    const before = op === 'add' ? elementsOf(holder[attribute.name]) : [];
    holder[attribute.name] = onePrimary(before, elementsOf(shaped));
  } else if (isJson(shaped)) holder[attribute.name] = { ...memberOf(holder, attribute.name), ...shaped };
  else holder[attribute.name] = shaped;
  return done;
}

function applyToSub(holder: Json, { op, place: { attribute, sub }, value }: Operation): Result<undefined, ScimRefusal> {
  if (!sub) return done;
  const shaped = op === 'remove' ? undefined : shapeValue(value, sub);
  const targets = attribute.multiValued ? elementsOf(holder[attribute.name]).filter(isJson) : [memberOf(holder, attribute.name)];
  if (targets.length === 0 && op !== 'remove') return refuseInput('noTarget', `No element of ${attribute.name} is there`);
  for (const target of targets) set(target, sub.name, shaped);
  if (!attribute.multiValued && Object.keys(memberOf(holder, attribute.name)).length === 0) delete holder[attribute.name];
  return done;
}

function applyToElements(holder: Json, { op, place, value }: Operation, filter: Filter): Result<undefined, ScimRefusal> {
  const { attribute, sub } = place;
  const all = elementsOf(holder[attribute.name]);
  const chosen = all.filter((one) => isJson(one) && matchesElement(filter, one, place)).filter(isJson);
  if (op === 'remove') {
    if (sub) for (const one of chosen) delete one[sub.name];
    const gone = new Set<unknown>(sub ? [] : chosen);
    setOrDrop(
      holder,
      attribute.name,
      all.filter((one) => !gone.has(one)),
    );
    return done;
  }
  const targets = chosen.length > 0 ? chosen : [elementFrom(filter, place)].filter((one) => one !== undefined);
  if (targets.length === 0) return refuseInput('noTarget', `No element of ${attribute.name} matches`);
  for (const target of targets) {
    if (sub) set(target, sub.name, shapeValue(value, sub));
    else Object.assign(target, shapeOne(value, attribute));
  }
  holder[attribute.name] = onePrimary(chosen.length > 0 ? all : [], chosen.length > 0 ? targets : [...all, ...targets]);
  return done;
}

/** `[type eq "work"]` of an element that is not there makes one of type work. Undefined where the filter names no such values. */
function elementFrom(filter: Filter, place: Place): Json | undefined {
  if (filter.kind === 'and') {
    const [left, right] = filter.of.map((one) => elementFrom(one, place));
    return left && right && { ...left, ...right };
  }
  if (filter.kind !== 'eq' || filter.value === null) return undefined;
  const sub = place.attribute.sub.get(filter.path.toLowerCase());
  return sub && { [sub.name]: shapeOne(filter.value, sub) };
}

/** One element is primary at most (RFC 7643 section 2.4): the latest that says so. */
function onePrimary(before: readonly unknown[], added: readonly unknown[]): unknown[] {
  const all = distinct([...before.filter((one) => !added.includes(one)), ...added]);
  const last = added.findLast((one) => isJson(one) && one.primary === true);
  if (last === undefined) return all;
  const kept = JSON.stringify(last);
  return all.map((one) => (isJson(one) && one.primary === true && JSON.stringify(one) !== kept ? { ...one, primary: false } : one));
}

/** Elements to remove are named by their value where they have one. */
function without(all: readonly unknown[], named: readonly unknown[]): unknown[] {
  const key = (one: unknown) => JSON.stringify(isJson(one) && one.value !== undefined ? one.value : one);
  const gone = new Set(named.map(key));
  return all.filter((one) => !gone.has(key(one)));
}

function set(target: Json, name: string, value: unknown): void {
  if (value === undefined) delete target[name];
  else target[name] = value;
}

function setOrDrop(holder: Json, name: string, elements: readonly unknown[]): void {
  set(holder, name, elements.length === 0 ? undefined : elements);
}

function elementsOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value];
}
