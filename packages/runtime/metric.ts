/**
 * Embedded Metric Format on stdout: one document per row, so that a dimension can hold a value of its own in each.
 * Never the ledger: CloudWatch delivers EMF at least once. (CloudWatch Embedded Metric Format specification.)
 */

export type Unit = 'Count' | 'Seconds' | 'Milliseconds' | 'Bytes' | 'Percent' | 'None';

export interface MetricRow {
  /** Low cardinality only; a person's id is a property, never a dimension. At most 9 here. */
  dimensions: Readonly<Record<string, string>>;
  /** Which sets of dimension names to publish under; the row's own names as one set when left out. */
  sets?: readonly (readonly string[])[];
  values: Readonly<Record<string, { unit: Unit; value: number }>>;
  /** Searchable in the log, free of charge as a metric. */
  properties?: Readonly<Record<string, string | number>>;
  /** When it happened, ms; now when left out. */
  at?: number;
}

const namespace = 'Gatehouse';

export function emf(row: MetricRow, now: number): string {
  const names = Object.keys(row.dimensions);
  const metrics = Object.entries(row.values).filter(([, { value }]) => Number.isFinite(value));
  return JSON.stringify({
    _aws: {
      Timestamp: Math.trunc(row.at ?? now),
      CloudWatchMetrics: [
        { Namespace: namespace, Dimensions: row.sets ?? [names], Metrics: metrics.map(([Name, { unit }]) => ({ Name, Unit: unit })) },
      ],
    },
    ...row.properties,
    ...row.dimensions,
    ...Object.fromEntries(metrics.map(([name, { value }]) => [name, value])),
  });
}

/** Writes straight to stdout: the runtime would wrap console.log in its own JSON. */
export function measure(rows: readonly MetricRow[], now: number): void {
  for (const row of rows) process.stdout.write(`${emf(row, now)}\n`);
}
