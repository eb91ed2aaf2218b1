/** Metric points in memory, bounded, and the two CloudWatch reads over them: which metrics there are, and their statistics by period. */
import { AwsError, type AwsService } from '../service.ts';
import type { MetricPoint } from './emf.ts';

export interface Points {
  add(point: MetricPoint): void;
  all(): readonly MetricPoint[];
  operations: AwsService['operations'];
}

interface DimensionInput {
  Name: string;
  Value?: string;
}

const maxPoints = 50_000;
const maxDatapoints = 1440;

export function createPoints(): Points {
  const points: MetricPoint[] = [];

  const operations: AwsService['operations'] = {
    ListMetrics(input) {
      const wanted = (input.Dimensions ?? []) as DimensionInput[];
      const found = new Map<string, { Namespace: string; MetricName: string; Dimensions: { Name: string; Value: string }[] }>();
      for (const { namespace, name, dimensions } of points) {
        if ((input.Namespace ?? namespace) !== namespace || (input.MetricName ?? name) !== name) continue;
        if (!wanted.every(({ Name, Value }) => Object.hasOwn(dimensions, Name) && (Value ?? dimensions[Name]) === dimensions[Name]))
          continue;
        found.set(JSON.stringify([namespace, name, sorted(dimensions)]), {
          Namespace: namespace,
          MetricName: name,
          Dimensions: sorted(dimensions),
        });
      }
      return { Metrics: [...found.values()] };
    },
    GetMetricStatistics(input) {
      const period = Number(input.Period);
      const [start, end] = [Number(input.StartTime) * 1000, Number(input.EndTime) * 1000];
      if (!(period >= 1) || (period > 30 && period % 60 !== 0))
        throw new AwsError('InvalidParameterValue', 'Period must be 1, 5, 10, 30 or a multiple of 60.');
      if (!(start < end)) throw new AwsError('InvalidParameterValue', 'StartTime must be before EndTime.');
      if ((end - start) / 1000 / period > maxDatapoints)
        throw new AwsError('InvalidParameterCombination', `More than ${maxDatapoints} datapoints were asked for.`);
      const key = JSON.stringify(
        sorted(Object.fromEntries(((input.Dimensions ?? []) as Required<DimensionInput>[]).map(({ Name, Value }) => [Name, Value]))),
      );
      const buckets = new Map<string, { at: number; unit: string; values: number[] }>();
      for (const { namespace, name, unit, dimensions, values, timestamp } of points) {
        if (namespace !== input.Namespace || name !== input.MetricName || timestamp < start || timestamp >= end) continue;
        if (unit !== (input.Unit ?? unit) || JSON.stringify(sorted(dimensions)) !== key) continue;
        const at = Math.floor(timestamp / 1000 / period) * period;
        const bucket = buckets.get(`${at} ${unit}`) ?? { at, unit, values: [] };
        bucket.values.push(...values);
        buckets.set(`${at} ${unit}`, bucket);
      }
      const asked = new Set<string>(input.Statistics ?? []);
      const Datapoints = [...buckets.values()].map(({ at, unit, values }) => ({ Timestamp: at, Unit: unit, ...statistics(values, asked) }));
      return { Label: input.MetricName, Datapoints };
    },
  };

  return {
    add(point) {
      points.push(point);
      if (points.length > maxPoints) points.splice(0, maxPoints / 10);
    },
    all: () => points,
    operations,
  };
}

function statistics(values: readonly number[], asked: ReadonlySet<string>): Record<string, number> {
  const sum = values.reduce((total, value) => total + value, 0);
  const bound = (pick: (a: number, b: number) => number) => values.reduce((a, b) => pick(a, b));
  const all = { SampleCount: values.length, Sum: sum, Average: sum / values.length, Minimum: bound(Math.min), Maximum: bound(Math.max) };
  return Object.fromEntries(Object.entries(all).filter(([name]) => asked.has(name)));
}

function sorted(dimensions: Readonly<Record<string, string>>): { Name: string; Value: string }[] {
  return Object.entries(dimensions)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([Name, Value]) => ({ Name, Value }));
}
