/** What requests were, as metrics. What they spent is the ledger's to show. */
import type { MetricRow } from '@gatehouse/runtime/metric';

/** One row a request that was read. */
export function ingestRow(counts: {
  signal: string;
  items: number;
  rejected: number;
  repeated: boolean;
  /** Names that a relay gave and nobody has. */
  unknownNames: number;
  person: string;
}): MetricRow {
  const { signal, items, rejected, repeated, unknownNames, person } = counts;
  return {
    dimensions: {},
    values: {
      IngestRequests: { unit: 'Count', value: 1 },
      IngestItems: { unit: 'Count', value: items },
      RejectedItems: { unit: 'Count', value: rejected },
      DuplicateBatches: { unit: 'Count', value: repeated ? 1 : 0 },
      ...(unknownNames > 0 && { UnknownNames: { unit: 'Count', value: unknownNames } as const }),
    },
    properties: { signal, person },
  };
}

export function refusedRow(reason: string, person: string): MetricRow {
  return { dimensions: {}, values: { IngestRefusals: { unit: 'Count', value: 1 } }, properties: { reason, person } };
}

/** An export that was to go on to CloudWatch. */
export function forwardedRow(forwarded: 'sent' | 'failed' | 'left_out', person: string): MetricRow {
  return {
    dimensions: {},
    values: { ForwardFailures: { unit: 'Count', value: forwarded === 'sent' ? 0 : 1 } },
    properties: { forwarded, person },
  };
}
