/** One line of metrics for each request that came to an end, and one for each that was refused. Counts and times; never what was asked or answered. */
import type { Posted } from '@gatehouse/ledger/ledger.dynamo';
import { listPrices } from '@gatehouse/ledger/price-book';
import { spendRows } from '@gatehouse/ledger/spend-rows';
import { measure } from '@gatehouse/runtime/metric';

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

export function tellRefused(reason: string, person: string, now: number): void {
  measure(
    [
      {
        dimensions: { reason },
        sets: [[], ['reason']],
        values: { InferenceRefusals: { unit: 'Count', value: 1 } },
        properties: { person },
      },
    ],
    now,
  );
}

/** Secrets that were kept inside, by kind and number. */
export function tellGuarded(kinds: ReadonlyMap<string, number>, person: string, now: number): void {
  measure(
    [...kinds].map(([kind, value]) => ({
      dimensions: { kind },
      sets: [[], ['kind']],
      values: { GuardrailFindings: { unit: 'Count', value } },
      properties: { person },
    })),
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
