/**
 * Reads a KeyValue of common.proto, and each distinct one of a request once: the points of a batch repeat most of their attributes, mostly in the same place.
 * Keeps nothing beyond the request.
 */
import { createHash } from 'node:crypto';
import type { Attribute, Scalar } from './attribute.ts';
import { type Cursor, wire } from './cursor.ts';

/** What a nested value may nest further and still be looked into: beyond, it is taken as it is. */
const maxDepth = 16;

const { varint, fixed64, length } = wire;
const field = (number: number, type: number) => number * 8 + type;

/** KeyValue: key = 1, value = 2. Moves to its end. */
export function readAttribute(cursor: Cursor, end: number): Attribute {
  let key = '';
  let value: Value = { kind: 'x', text: '', scalar: undefined };
  while (cursor.at < end) {
    const tag = cursor.tag(end);
    if (tag === field(1, length)) key = readText(cursor, cursor.sub(end));
    else if (tag === field(2, length)) value = readValue(cursor, cursor.sub(end));
    else cursor.skip(tag, end);
  }
  return { key, ...value };
}

type Value = Pick<Attribute, 'kind' | 'text' | 'scalar'>;

/** AnyValue: string = 1, bool = 2, int = 3, double = 4, array = 5, kvlist = 6, bytes = 7. The last of them counts. */
function readValue(cursor: Cursor, end: number): Value {
  let value: Value = { kind: 'x', text: '', scalar: undefined };
  while (cursor.at < end) {
    const tag = cursor.tag(end);
    if (tag === field(1, length)) value = said('s', readText(cursor, cursor.sub(end)));
    else if (tag === field(2, varint)) value = said('b', cursor.varint(end) !== 0 || cursor.high !== 0);
    else if (tag === field(3, varint)) value = readInteger(cursor, end);
    else if (tag === field(4, fixed64)) value = said('d', cursor.view.getFloat64(cursor.eight(end), true));
    else if (tag === field(5, length) || tag === field(6, length) || tag === field(7, length)) {
      const last = cursor.sub(end);
      const text = createHash('sha256').update(`${tag} `).update(cursor.bytes.subarray(cursor.at, last)).digest('base64');
      if (tag !== field(7, length)) checkNested(cursor, last, tag === field(6, length), 1);
      cursor.at = last;
      value = { kind: 'x', text, scalar: undefined };
    } else cursor.skip(tag, end);
  }
  return value;
}

function said(kind: Value['kind'], scalar: Scalar): Value {
  return { kind, text: String(scalar), scalar };
}

/** Two's complement of 64 bits. */
function readInteger(cursor: Cursor, end: number): Value {
  const low = cursor.varint(end);
  const high = cursor.high | 0;
  const exact = BigInt(high) * 4_294_967_296n + BigInt(low);
  return { kind: 'i', text: String(exact), scalar: Number(exact) };
}

/** ArrayValue: values = 1 of AnyValue; KeyValueList: values = 1 of KeyValue, whose value = 2. Only its lengths are looked at. */
function checkNested(cursor: Cursor, end: number, keyed: boolean, depth: number): void {
  if (depth > maxDepth) return;
  while (cursor.at < end) {
    const tag = cursor.tag(end);
    if (tag !== field(1, length)) cursor.skip(tag, end);
    else if (keyed) checkKeyed(cursor, cursor.sub(end), depth);
    else checkValue(cursor, cursor.sub(end), depth);
  }
}

function checkKeyed(cursor: Cursor, end: number, depth: number): void {
  while (cursor.at < end) {
    const tag = cursor.tag(end);
    if (tag === field(2, length)) checkValue(cursor, cursor.sub(end), depth);
    else cursor.skip(tag, end);
  }
}

function checkValue(cursor: Cursor, end: number, depth: number): void {
  while (cursor.at < end) {
    const tag = cursor.tag(end);
    if (tag !== field(5, length) && tag !== field(6, length)) cursor.skip(tag, end);
    else {
      const last = cursor.sub(end);
      checkNested(cursor, last, tag === field(6, length), depth + 1);
      cursor.at = last;
    }
  }
}

function readText(cursor: Cursor, end: number): string {
  const from = cursor.at;
  cursor.at = end;
  return cursor.bytes.toString('utf8', from, end);
}

export interface Interner {
  /** The attribute between the cursor and `end`; moves there. `place`: how many stood before it in the same set. */
  read(end: number, place: number): Attribute;
}

interface Known {
  from: number;
  size: number;
  attribute: Attribute;
}

export function createInterner(cursor: Cursor): Interner {
  /** What stood in this place last. */
  const recent: Known[] = [];
  const known = new Map<number, Known>();
  const { view, bytes } = cursor;

  function same(one: Known, from: number, size: number): boolean {
    if (one.size !== size) return false;
    const whole = size & ~3;
    // From the end: keys are alike, values differ.
    for (let at = whole; at < size; at++) if (bytes[one.from + at] !== bytes[from + at]) return false;
    for (let at = whole - 4; at >= 0; at -= 4) if (view.getInt32(one.from + at) !== view.getInt32(from + at)) return false;
    return true;
  }

  return {
    read(end, place) {
      const from = cursor.at;
      const size = end - from;
      const last = recent[place];
      if (last && same(last, from, size)) {
        cursor.at = end;
        return last.attribute;
      }
      const mark =
        size < 12
          ? -1
          : (view.getInt32(end - 4) ^ Math.imul(view.getInt32(end - 8), 31) ^ Math.imul(view.getInt32(from + 4), 17) ^ size) | 0;
      const found = mark === -1 ? undefined : known.get(mark);
      if (found && same(found, from, size)) {
        cursor.at = end;
        recent[place] = found;
        return found.attribute;
      }
      const made = { from, size, attribute: readAttribute(cursor, end) };
      cursor.at = end;
      if (mark !== -1) known.set(mark, made);
      recent[place] = made;
      return made.attribute;
    },
  };
}
