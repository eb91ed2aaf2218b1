/**
 * OTLP in protobuf, read by hand: only what spend is read from becomes objects, everything else is stepped over by its length. Unknown fields
 * are ignored, of repeated scalars the last counts. Field numbers: opentelemetry-proto v1, metrics.proto, logs.proto, common.proto. Throws Malformed.
 */
import { type Attribute, type Attributes, requestKeys } from './attribute.ts';
import { Cursor, wire } from './cursor.ts';
import { createInterner, type Interner, readAttribute } from './interner.ts';
import { isNever, type Moment, momentOfHalves, never } from './moment.ts';
import { addRecord, costMetric, emptyReading, type Point, type Reading, requestEvent, type Signal, tokenMetric } from './reading.ts';

const { varint, fixed64, length } = wire;
const field = (number: number, type: number) => number * 8 + type;

export function readProtobuf(signal: Signal, bytes: Buffer): Reading {
  const reading = emptyReading();
  const cursor = new Cursor(bytes);
  const interner = createInterner(cursor);
  const readScope = signal === 'metrics' ? readScopeMetrics : signal === 'logs' ? readScopeLogs : readScopeSpans;
  while (cursor.at < bytes.length) {
    const tag = cursor.tag(bytes.length);
    if (tag !== field(1, length)) cursor.skip(tag, bytes.length);
    else readResourceItems(cursor, cursor.sub(bytes.length), interner, reading, readScope);
  }
  return reading;
}

type ReadScope = (cursor: Cursor, end: number, resource: Attributes, interner: Interner, reading: Reading) => void;

/** Resource{Metrics,Logs,Spans}: resource = 1, scope items = 2. The resource may stand after what it describes. */
function readResourceItems(cursor: Cursor, end: number, interner: Interner, reading: Reading, readScope: ReadScope): void {
  const begin = cursor.at;
  let resource: Attributes = [];
  while (cursor.at < end) {
    const tag = cursor.tag(end);
    if (tag === field(1, length)) resource = readResource(cursor, cursor.sub(end));
    else cursor.skip(tag, end);
  }
  cursor.at = begin;
  while (cursor.at < end) {
    const tag = cursor.tag(end);
    if (tag === field(2, length)) readScope(cursor, cursor.sub(end), resource, interner, reading);
    else cursor.skip(tag, end);
  }
}

function readResource(cursor: Cursor, end: number): Attributes {
  const attributes: Attribute[] = [];
  while (cursor.at < end) {
    const tag = cursor.tag(end);
    if (tag === field(1, length)) attributes.push(readAttribute(cursor, cursor.sub(end)));
    else cursor.skip(tag, end);
  }
  return attributes;
}

/** ScopeMetrics: metrics = 2. */
function readScopeMetrics(cursor: Cursor, end: number, resource: Attributes, interner: Interner, reading: Reading): void {
  while (cursor.at < end) {
    const tag = cursor.tag(end);
    if (tag === field(2, length)) readMetric(cursor, cursor.sub(end), resource, interner, reading);
    else cursor.skip(tag, end);
  }
}

const sum = field(7, length);
/** gauge, histogram, exponential_histogram, summary: their points are counted. */
const others = new Set([field(5, length), field(9, length), field(10, length), field(11, length)]);

/** Metric: name = 1, and its data, which may stand before the name. */
function readMetric(cursor: Cursor, end: number, resource: Attributes, interner: Interner, reading: Reading): void {
  let name = '';
  let sumAt = -1;
  let sumEnd = -1;
  while (cursor.at < end) {
    const tag = cursor.tag(end);
    if (tag === field(1, length)) {
      const last = cursor.sub(end);
      name = cursor.bytes.toString('utf8', cursor.at, last);
      cursor.at = last;
    } else if (tag === sum) {
      sumEnd = cursor.sub(end);
      sumAt = cursor.at;
      cursor.at = sumEnd;
    } else if (others.has(tag)) countFirstField(cursor, cursor.sub(end), reading);
    else cursor.skip(tag, end);
  }
  if (sumAt < 0) return;
  cursor.at = sumAt;
  if (name === tokenMetric || name === costMetric) readSum(cursor, sumEnd, name, resource, interner, reading);
  else countFirstField(cursor, sumEnd, reading);
  cursor.at = end;
}

/** In every kind of data, and in ScopeSpans' second, the items are one repeated field. */
function countFirstField(cursor: Cursor, end: number, reading: Reading, number = 1): void {
  while (cursor.at < end) {
    const tag = cursor.tag(end);
    if (tag === field(number, length)) reading.items++;
    cursor.skip(tag, end);
  }
}

/** Sum: data_points = 1, aggregation_temporality = 2, which stands after the points it is about. */
function readSum(cursor: Cursor, end: number, metric: Point['metric'], resource: Attributes, interner: Interner, reading: Reading): void {
  const first = reading.points.length;
  let temporality = 0;
  while (cursor.at < end) {
    const tag = cursor.tag(end);
    if (tag === field(1, length)) {
      reading.items++;
      readPoint(cursor, cursor.sub(end), metric, resource, interner, reading);
    } else if (tag === field(2, varint)) temporality = cursor.varint(end);
    else cursor.skip(tag, end);
  }
  for (let at = first; at < reading.points.length; at++) reading.points[at]!.temporality = temporality;
}

/** NumberDataPoint: start = 2, time = 3, as_double = 4, as_int = 6, attributes = 7, flags = 8. */
function readPoint(cursor: Cursor, end: number, metric: Point['metric'], resource: Attributes, interner: Interner, reading: Reading): void {
  let start: Moment = never;
  let time: Moment = never;
  let value: number | undefined;
  let flags = 0;
  const attributes: Attribute[] = [];
  const { bytes } = cursor;
  while (cursor.at < end) {
    const from = cursor.at;
    if (bytes[from] === field7) {
      const again = interner.again(end, attributes.length);
      if (again !== undefined) {
        attributes.push(again);
        continue;
      }
    }
    const tag = cursor.tag(end);
    switch (tag) {
      case field7:
        attributes.push(interner.read(from, cursor.sub(end), attributes.length));
        break;
      case field2:
        start = readMoment(cursor, end);
        break;
      case field3:
        time = readMoment(cursor, end);
        break;
      case field4:
        value = cursor.view.getFloat64(cursor.eight(end), true);
        break;
      case field6:
        value = Number(cursor.view.getBigInt64(cursor.eight(end), true));
        break;
      case field8:
        flags = cursor.varint(end);
        break;
      default:
        cursor.skip(tag, end);
    }
  }
  // DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK: the series ended, there is nothing to count.
  if (flags & 1) return;
  reading.points.push({ metric, temporality: 0, start, time, value, resource, attributes });
}

const field2 = field(2, fixed64);
const field3 = field(3, fixed64);
const field4 = field(4, fixed64);
const field6 = field(6, fixed64);
const field7 = field(7, length);
const field8 = field(8, varint);

function readMoment(cursor: Cursor, end: number): Moment {
  const at = cursor.eight(end);
  return momentOfHalves(cursor.view.getUint32(at, true), cursor.view.getUint32(at + 4, true));
}

/** ScopeLogs: log_records = 2. */
function readScopeLogs(cursor: Cursor, end: number, resource: Attributes, _interner: Interner, reading: Reading): void {
  while (cursor.at < end) {
    const tag = cursor.tag(end);
    if (tag !== field(2, length)) cursor.skip(tag, end);
    else {
      reading.items++;
      readRecord(cursor, cursor.sub(end), resource, reading);
    }
  }
}

/** LogRecord: time = 1, body = 5, attributes = 6, observed = 11, event_name = 12. */
function readRecord(cursor: Cursor, end: number, resource: Attributes, reading: Reading): void {
  let time: Moment = never;
  let observed: Moment = never;
  let named = false;
  const attributes: Attribute[] = [];
  while (cursor.at < end) {
    const tag = cursor.tag(end);
    if (tag === field(1, fixed64)) time = readMoment(cursor, end);
    else if (tag === field(11, fixed64)) observed = readMoment(cursor, end);
    else if (tag === field(5, length)) named = isRequestBody(cursor, cursor.sub(end)) || named;
    else if (tag === field(12, length)) named = isText(cursor, cursor.sub(end), requestEvent) || named;
    else if (tag === field(6, length)) {
      const last = cursor.sub(end);
      if (hasWantedKey(cursor, last)) attributes.push(readAttribute(cursor, last));
      cursor.at = last;
    } else cursor.skip(tag, end);
  }
  addRecord(reading, { time: isNever(time) ? observed : time, resource, attributes }, named);
}

/** AnyValue: string_value = 1. */
function isRequestBody(cursor: Cursor, end: number): boolean {
  let is = false;
  while (cursor.at < end) {
    const tag = cursor.tag(end);
    if (tag === field(1, length)) is = isText(cursor, cursor.sub(end), requestEvent);
    else cursor.skip(tag, end);
  }
  return is;
}

/** Compares ASCII text and moves past it. */
function isText(cursor: Cursor, end: number, text: string): boolean {
  const from = cursor.at;
  cursor.at = end;
  return end - from === text.length && cursor.bytes.toString('latin1', from, end) === text;
}

/** Looks at the key alone, which exporters write first; one that stands later is read with the whole attribute. */
function hasWantedKey(cursor: Cursor, end: number): boolean {
  const { at: from, bytes } = cursor;
  if (from >= end || bytes[from] !== field(1, length)) return true;
  cursor.at = from + 1;
  const last = cursor.sub(end);
  const wanted = last - cursor.at <= 32 && requestKeys.has(bytes.toString('latin1', cursor.at, last));
  cursor.at = from;
  return wanted;
}

/** ScopeSpans: spans = 2. */
function readScopeSpans(cursor: Cursor, end: number, _resource: Attributes, _interner: Interner, reading: Reading): void {
  countFirstField(cursor, end, reading, 2);
}
