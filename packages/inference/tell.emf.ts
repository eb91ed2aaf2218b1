/** One line of metrics for each request that came to an end, and one for each that was refused. Counts and times; never what was asked or answered. */
import type { Posted } from '@gatehouse/ledger/ledger.dynamo';
import { listPrices } from '@gatehouse/ledger/price-book';
import { spendRows } from '@gatehouse/ledger/spend-rows';
import { measure } from '@gatehouse/runtime/metric';
import type { Refusal } from './refusal.ts';

export interface Passed {
  tier: string;
  outcome: string;
  model: string;
  person: string;
  requestMs: number;
  firstByteMs: number;
  amountMicros: number;
}

export function tellPassed({ tier, outcome, model, person, requestMs, firstByteMs, amountMicros }: Passed, now: number): void {
  measure(
    [
      {
        dimensions: { tier, outcome },
        sets: [[], ['tier', 'outcome']],
        values: { InferenceRequests: { unit: 'Count', value: 1 } },
        properties: { model, person, amount_micros: amountMicros },
      },
      {
        dimensions: { tier },
        sets: [[], ['tier']],
        values: { InferenceMs: { unit: 'Milliseconds', value: requestMs }, FirstByteMs: { unit: 'Milliseconds', value: firstByteMs } },
      },
    ],
    now,
  );
}

/** What was kept inside is told by kind and number besides. */
export function tellRefused(refusal: Refusal, person: string, now: number): void {
  const findings = refusal.reason === 'guarded' ? refusal.findings.flatMap(({ kinds }) => [...kinds]) : [];
  measure(
    [
      {
        dimensions: { reason: refusal.reason },
        sets: [[], ['reason']],
        values: { InferenceRefusals: { unit: 'Count', value: 1 } },
        properties: { person },
      },
      ...findings.map(([kind, value]) => ({
        dimensions: { kind },
        sets: [[], ['kind']],
        values: { GuardrailFindings: { unit: 'Count' as const, value } },
        properties: { person },
      })),
    ],
    now,
  );
}

/** An upstream that could not be used: another tier was tried, or nobody was left. */
export function tellUpstreamFault(tier: string, why: string, now: number): void {
  measure([{ dimensions: { tier, why }, sets: [[], ['tier', 'why']], values: { UpstreamFaults: { unit: 'Count', value: 1 } } }], now);
}

/** What was billed, under the names that usage gives it: a request is told of once, by whichever witness posts it first. */
export function tellSpend(posted: Posted, now: number): void {
  measure(spendRows(posted, listPrices), now);
}
