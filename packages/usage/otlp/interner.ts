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

type Value = Pick<Attribute, 'kind' | 'text' | 'scalar' | 'list'>;

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
      const from = cursor.at;
      if (tag !== field(7, length)) checkNested(cursor, last, tag === field(6, length), 1);
      cursor.at = from;
      const list = tag === field(5, length) && last - from <= longestList ? { list: textsIn(cursor, last) } : {};
      cursor.at = last;
      value = { kind: 'x', text, scalar: undefined, ...list };
    } else cursor.skip(tag, end);
  }
  return value;
}

/** Of an array this long the texts are of no use to us. */
const longestList = 2_048;

/** ArrayValue: values = 1 of AnyValue, whose string = 1. */
function textsIn(cursor: Cursor, end: number): string[] {
  const texts: string[] = [];
  while (cursor.at < end) {
    const tag = cursor.tag(end);
    if (tag !== field(1, length)) cursor.skip(tag, end);
    else {
      const last = cursor.sub(end);
      while (cursor.at < last) {
        const inner = cursor.tag(last);
        if (inner === field(1, length)) texts.push(readText(cursor, cursor.sub(last)));
        else cursor.skip(inner, last);
      }
    }
  }
  return texts;
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
  /** The attribute whose field begins at the cursor, when the same bytes stood in this place last: moves past it. `place`: how many stood before it in the same set. */
  again(end: number, place: number): Attribute | undefined;
  /** The attribute between the cursor and `end`, whose field began at `from`; moves there. */
  read(from: number, end: number, place: number): Attribute;
}

interface Known {
  /** Where its field begins, tag and length included. */
  from: number;
  /** To its end. */
  size: number;
  /** Of tag and length. */
  head: number;
  attribute: Attribute;
}

export function createInterner(cursor: Cursor): Interner {
  /** What stood in this place last. */
  const recent: Known[] = [];
  const known = new Map<number, Known>();
  const { view, bytes } = cursor;

  function same(one: number, other: number, size: number): boolean {
    // From the end: keys are alike, values differ.
    let at = size - 4;
    for (; at >= 0; at -= 4) if (view.getInt32(one + at, true) !== view.getInt32(other + at, true)) return false;
    for (at += 3; at >= 0; at--) if (bytes[one + at] !== bytes[other + at]) return false;
    return true;
  }

  /** Of at least twelve bytes: the key's beginning, and the last sixteen, where values of one key differ. */
  function markOf(begin: number, end: number): number {
    let mark = (end - begin) ^ Math.imul(view.getInt32(begin + 4, true), 17);
    mark = Math.imul(mark, 31) ^ view.getInt32(end - 4, true);
    mark = Math.imul(mark, 31) ^ view.getInt32(end - 8, true);
    if (end - begin < 20) return mark;
    mark = Math.imul(mark, 31) ^ view.getInt32(end - 12, true);
    return Math.imul(mark, 31) ^ view.getInt32(end - 16, true);
  }

  return {
    again(end, place) {
      const last = recent[place];
      const { at } = cursor;
      if (last === undefined || at + last.size > end || !same(last.from, at, last.size)) return undefined;
      cursor.at = at + last.size;
      return last.attribute;
    },
    read(from, end, place) {
      const begin = cursor.at;
      const size = end - begin;
      const mark = size < 12 ? -1 : markOf(begin, end);
      const found = mark === -1 ? undefined : known.get(mark);
      if (found && found.size - found.head === size && same(found.from + found.head, begin, size)) {
        cursor.at = end;
        recent[place] = found;
        return found.attribute;
      }
      const made = { from, size: end - from, head: begin - from, attribute: readAttribute(cursor, end) };
      cursor.at = end;
      if (mark !== -1) known.set(mark, made);
      recent[place] = made;
      return made.attribute;
    },
  };
}
