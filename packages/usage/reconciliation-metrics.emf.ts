/** A day's reconciliation as gauges of the whole company. Who is silent is the report's to say. */
import type { MetricRow } from '@gatehouse/runtime/metric';
import type { Totals } from './reconciliation.ts';

export function reconciledRow(day: string, { coverage_percent, drift_percent, silent_people, missing_events }: Totals): MetricRow {
  return {
    dimensions: {},
    values: {
      ...(coverage_percent !== null && { CoveragePercent: { unit: 'Percent', value: coverage_percent } as const }),
      ...(drift_percent !== null && { DriftPercent: { unit: 'Percent', value: Math.abs(drift_percent) } as const }),
      SilentPeople: { unit: 'Count', value: silent_people },
      LostEvents: { unit: 'Count', value: missing_events },
    },
    properties: { day },
  };
}
