/** Reads CloudWatch's embedded metric format out of a log line, by its published specification. Stores nothing. */

export interface MetricPoint {
  namespace: string;
  name: string;
  /** A CloudWatch unit. */
  unit: string;
  dimensions: Readonly<Record<string, string>>;
  values: readonly number[];
  /** Milliseconds since the epoch. */
  timestamp: number;
  /** Seconds. */
  resolution: 1 | 60;
}

/** `none`: the line is no EMF document. `reason` is a sentence. CloudWatch itself drops bad documents and counts them. */
export type Emf = { kind: 'none' } | { kind: 'points'; points: MetricPoint[] } | { kind: 'parsing' | 'validation'; reason: string };

const maxEventBytes = 1024 * 1024;
const maxMetrics = 100;
const maxValues = 100;
const maxDimensions = 30;
const maxAgeMs = 14 * 86_400_000;
const maxAheadMs = 2 * 3_600_000;

const prefixes = ['', 'Kilo', 'Mega', 'Giga', 'Tera'];
const amounts = prefixes.flatMap((prefix) => (prefix === '' ? ['Bytes', 'Bits'] : [`${prefix}bytes`, `${prefix}bits`]));
const units = new Set([
  'Seconds',
  'Microseconds',
  'Milliseconds',
  'Percent',
  'Count',
  'Count/Second',
  'None',
  ...amounts,
  ...amounts.map((unit) => `${unit}/Second`),
]);

class Invalid extends Error {
  override name = 'Invalid';
}

/** One document gives a point for every metric under every dimension set of its directive. `now` in milliseconds. */
export function readEmf(line: string, now: number): Emf {
  if (!line.includes('"CloudWatchMetrics"')) return { kind: 'none' };
  let document: unknown;
  try {
    document = JSON.parse(line);
  } catch (error) {
    return { kind: 'parsing', reason: error instanceof Error ? error.message : String(error) };
  }
  if (!isObject(document) || !isObject(document._aws) || document._aws.CloudWatchMetrics === undefined) return { kind: 'none' };
  try {
    if (Buffer.byteLength(line) > maxEventBytes) throw new Invalid(`The document is above ${maxEventBytes} bytes`);
    return { kind: 'points', points: pointsOf(document, document._aws, now) };
  } catch (error) {
    if (error instanceof Invalid) return { kind: 'validation', reason: error.message };
    throw error;
  }
}

function pointsOf(root: Record<string, unknown>, metadata: Record<string, unknown>, now: number): MetricPoint[] {
  const { Timestamp: timestamp, CloudWatchMetrics: directives } = metadata;
  if (!Number.isInteger(timestamp)) throw new Invalid('_aws.Timestamp must be milliseconds since the epoch');
  const time = Number(timestamp);
  if (time < now - maxAgeMs || time > now + maxAheadMs)
    throw new Invalid('_aws.Timestamp is older than 14 days or more than 2 hours ahead');
  if (!Array.isArray(directives) || directives.length === 0) throw new Invalid('_aws.CloudWatchMetrics must be an array with a directive');
  return directives.flatMap((directive) => readDirective(root, directive, time));
}

function readDirective(root: Record<string, unknown>, directive: unknown, timestamp: number): MetricPoint[] {
  if (!isObject(directive)) throw new Invalid('A metric directive must be an object');
  const { Namespace: namespace, Dimensions: sets = [[]], Metrics: metrics } = directive;
  if (typeof namespace !== 'string' || namespace === '' || namespace.length > 1024)
    throw new Invalid('Namespace must be 1 to 1024 characters');
  if (namespace.startsWith('AWS/')) throw new Invalid('Namespace must not begin with AWS/');
  if (!Array.isArray(metrics) || metrics.length === 0 || metrics.length > maxMetrics)
    throw new Invalid(`Metrics must be an array of 1 to ${maxMetrics}`);
  if (!Array.isArray(sets)) throw new Invalid('Dimensions must be an array of arrays');
  const dimensionSets = (sets.length === 0 ? [[]] : sets).map((set) => readDimensions(root, set));
  return metrics.flatMap((metric) => {
    const { name, unit, resolution, values } = readMetric(root, metric);
    return dimensionSets.map((dimensions) => ({ namespace, name, unit, dimensions, values, timestamp, resolution }));
  });
}

/** Members are looked up on the root by their whole name: "A.a" is a key, never a path. */
function readDimensions(root: Record<string, unknown>, set: unknown): Record<string, string> {
  if (!Array.isArray(set) || set.length > maxDimensions) throw new Invalid(`A dimension set must be an array of at most ${maxDimensions}`);
  return Object.fromEntries(
    set.map((key) => {
      const value = typeof key === 'string' && Object.hasOwn(root, key) ? root[key] : undefined;
      if (typeof key !== 'string' || key === '' || key.length > 250) throw new Invalid('A dimension key must be 1 to 250 characters');
      if (typeof value !== 'string' || value === '' || value.length > 1024)
        throw new Invalid(`Dimension ${key} must be a string of 1 to 1024 characters on the root`);
      return [key, value];
    }),
  );
}

function readMetric(root: Record<string, unknown>, metric: unknown): Pick<MetricPoint, 'name' | 'unit' | 'resolution' | 'values'> {
  if (!isObject(metric) || typeof metric.Name !== 'string' || metric.Name === '' || metric.Name.length > 1024)
    throw new Invalid('A metric needs a Name of 1 to 1024 characters');
  const { Name: name, Unit: unit = 'None', StorageResolution: resolution = 60 } = metric;
  if (typeof unit !== 'string' || !units.has(unit))
    throw new Invalid(`Metric ${name} has the unit ${String(unit)}, which CloudWatch does not know`);
  if (resolution !== 1 && resolution !== 60) throw new Invalid(`StorageResolution of ${name} must be 1 or 60`);
  const found = Object.hasOwn(root, name) ? root[name] : undefined;
  const values: unknown[] = Array.isArray(found) ? found : [found];
  if (values.length === 0 || values.length > maxValues || !values.every((value) => typeof value === 'number'))
    throw new Invalid(`Metric ${name} must be a number or an array of 1 to ${maxValues} numbers on the root`);
  return { name, unit, resolution, values };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
