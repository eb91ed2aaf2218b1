/**
 * OTLP in JSON (proto3 JSON with OTLP's deviations): lowerCamelCase keys only, unknown ones ignored, 64-bit integers as strings or numbers,
 * enums as integers. A part of the wrong shape rejects that part, never the good rest; a request that is no such thing is Malformed.
 */
import { type Attribute, type Attributes, requestKeys, scalarOf } from './attribute.ts';
import { isNever, momentOfJson } from './moment.ts';
import {
  addRecord,
  costMetric,
  emptyReading,
  Malformed,
  type Point,
  type Reading,
  reject,
  requestEvent,
  requestEventName,
  type Signal,
  tokenMetric,
} from './reading.ts';

type Members = Readonly<Record<string, unknown>>;

/** Throws Malformed. */
export function readJson(signal: Signal, text: string): Reading {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch (error) {
    throw new Malformed(`The body is no JSON: ${error instanceof Error ? error.message : 'it does not parse'}`);
  }
  if (!isMembers(root)) throw new Malformed('The body is no JSON object');
  const reading = emptyReading();
  if (signal === 'metrics') readMetrics(root, reading);
  else if (signal === 'logs') readLogs(root, reading);
  else readSpans(root, reading);
  return reading;
}

function readMetrics(root: Members, reading: Reading): void {
  for (const one of list(root, 'resourceMetrics')) {
    const resource = readResource(one);
    for (const scope of list(one, 'scopeMetrics')) for (const metric of list(scope, 'metrics')) readMetric(metric, resource, reading);
  }
}

const kinds = ['sum', 'gauge', 'histogram', 'exponentialHistogram', 'summary'] as const;

function readMetric(metric: Members, resource: Attributes, reading: Reading): void {
  const name = metric.name;
  for (const kind of kinds) {
    const data = metric[kind];
    if (data === undefined || data === null) continue;
    if (!isMembers(data)) throw new Malformed(`${kind} is no object`);
    const points = parts(data, 'dataPoints');
    reading.items += points.length;
    if (kind !== 'sum' || (name !== tokenMetric && name !== costMetric)) continue;
    const temporality = data.aggregationTemporality ?? 0;
    if (typeof temporality !== 'number') {
      reject(reading, `${name}: aggregationTemporality is an integer, not ${JSON.stringify(temporality)}`, points.length);
      continue;
    }
    for (const point of points) oneByOne(point, name, reading, (members) => readPoint(name, temporality, members, resource, reading));
  }
}

function readPoint(metric: Point['metric'], temporality: number, point: Members, resource: Attributes, reading: Reading): void {
  const flags = Number(point.flags ?? 0);
  // DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK: the series ended, there is nothing to count.
  if (Number.isInteger(flags) && flags & 1) return;
  const start = momentOfJson(point.startTimeUnixNano);
  const time = momentOfJson(point.timeUnixNano);
  if (start === undefined || time === undefined) {
    reject(reading, `${metric}: a time is no number of nanoseconds`);
    return;
  }
  reading.points.push({ metric, temporality, start, time, value: numberOf(point), resource, attributes: readAttributes(point) });
}

function numberOf({ asInt, asDouble }: Members): number | undefined {
  if (asInt !== undefined) return integer(asInt);
  if (typeof asDouble === 'number') return asDouble;
  return typeof asDouble === 'string' && asDouble.trim() !== '' ? Number(asDouble) : undefined;
}

function readLogs(root: Members, reading: Reading): void {
  for (const one of list(root, 'resourceLogs')) {
    const resource = readResource(one);
    for (const scope of list(one, 'scopeLogs')) {
      const records = parts(scope, 'logRecords');
      reading.items += records.length;
      for (const record of records) oneByOne(record, 'a log record', reading, (members) => readRecord(members, resource, reading));
    }
  }
}

/** By its body or its event name; an exporter between may have moved the name, the attribute `event.name` stays. */
function isRequest(record: Members): boolean {
  const body = isMembers(record.body) ? record.body.stringValue : undefined;
  return body === requestEvent || record.eventName === requestEvent;
}

function readRecord(record: Members, resource: Attributes, reading: Reading): void {
  const time = momentOfJson(record.timeUnixNano);
  const observed = momentOfJson(record.observedTimeUnixNano);
  const attributes = readAttributes(record, requestKeys);
  if (time !== undefined && observed !== undefined)
    addRecord(reading, { time: isNever(time) ? observed : time, resource, attributes }, isRequest(record));
  else if (isRequest(record) || scalarOf(attributes, 'event.name') === requestEventName)
    reject(reading, `${requestEvent}: a time is no number of nanoseconds`);
}

function readSpans(root: Members, reading: Reading): void {
  for (const one of list(root, 'resourceSpans')) for (const scope of list(one, 'scopeSpans')) reading.items += parts(scope, 'spans').length;
}

function readResource(one: Members): Attributes {
  return isMembers(one.resource) ? readAttributes(one.resource) : [];
}

/** All attributes, or those among the keys given. */
function readAttributes(owner: Members, keys?: ReadonlySet<string>): Attributes {
  const read: Attribute[] = [];
  for (const { key, value } of list(owner, 'attributes'))
    if (typeof key === 'string' && (keys === undefined || keys.has(key))) read.push(readAttribute(key, value));
  return read;
}

function readAttribute(key: string, value: unknown): Attribute {
  if (!isMembers(value)) return { key, kind: 'x', text: '', scalar: undefined };
  const { stringValue, intValue, doubleValue, boolValue } = value;
  if (typeof stringValue === 'string') return { key, kind: 's', text: stringValue, scalar: stringValue };
  if (intValue !== undefined) return { key, kind: 'i', text: String(intValue), scalar: integer(intValue) };
  if (doubleValue !== undefined) {
    const scalar = Number(doubleValue);
    return { key, kind: 'd', text: String(scalar), scalar };
  }
  if (typeof boolValue === 'boolean') return { key, kind: 'b', text: String(boolValue), scalar: boolValue };
  return {
    key,
    kind: 'x',
    text: nestedText(value),
    scalar: undefined,
    ...(isMembers(value.arrayValue) && { list: textsIn(value.arrayValue) }),
  };
}

/** An attribute of an attribute takes three levels; what is nested deeper tells nothing apart, and no sender may use up our stack. */
const mostLevels = 64;

/** As JSON.stringify writes it, down to a depth. */
function nestedText(value: unknown, level = 0): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (level === mostLevels) return '"..."';
  if (Array.isArray(value)) return `[${value.map((one) => nestedText(one, level + 1)).join()}]`;
  return `{${Object.entries(value)
    .map(([key, one]) => `${JSON.stringify(key)}:${nestedText(one, level + 1)}`)
    .join()}}`;
}

/** The texts of an ArrayValue. */
function textsIn({ values }: Members): string[] {
  if (!Array.isArray(values)) return [];
  return values.flatMap((one) => (isMembers(one) && typeof one.stringValue === 'string' ? [one.stringValue] : []));
}

const signed = /^-?\d{1,20}$/;

function integer(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? value : undefined;
  return typeof value === 'string' && signed.test(value) ? Number(value) : undefined;
}

/** One item of the wrong shape is rejected by itself. */
function oneByOne(item: unknown, what: string, reading: Reading, read: (members: Members) => void): void {
  try {
    if (isMembers(item)) read(item);
    else reject(reading, `${what}: there is something that is no object`);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    reject(reading, `${what}: ${error.message}`);
  }
}

/** A repeated field of items that are looked at one by one: absent is empty, anything but a list is Malformed. */
function parts(owner: Members, name: string): readonly unknown[] {
  const value = owner[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Malformed(`${name} is no list`);
  return value;
}

/** A repeated field that holds the structure: anything but a list of objects is Malformed. */
function list(owner: Members, name: string): readonly Members[] {
  const value = parts(owner, name);
  if (!value.every(isMembers)) throw new Malformed(`${name} is no list of objects`);
  return value;
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
