/** What access tells about itself: one log line, one metric and, for refusals of somebody who is known or vouched for, one fact. Never a token, a code or a secret. */

import { classOf, personOf, type SignInRefusal } from './refusal.ts';

export type Grant = 'device_code' | 'token_exchange' | 'refresh_token';

export interface MetricRow {
  dimensions: Readonly<Record<string, string>>;
  values: Readonly<Record<string, { unit: 'Count'; value: number }>>;
}

export function issuedRow(grant: Grant): MetricRow {
  return { dimensions: { grant }, values: { TokensIssued: { unit: 'Count', value: 1 } } };
}

/** By class, which alarms watch; the reason itself is in the log. */
export function refusedRows(refusal: SignInRefusal): MetricRow[] {
  const rows: MetricRow[] = [{ dimensions: { class: classOf(refusal) }, values: { TokensRefused: { unit: 'Count', value: 1 } } }];
  if (refusal.reason === 'reused') rows.push({ dimensions: {}, values: { RefreshReuse: { unit: 'Count', value: 1 } } });
  return rows;
}

/** The fact's part about a refusal; undefined where anybody on the network could make us write one, or where another fact tells it. */
export function refusedFact(grant: Grant, refusal: SignInRefusal, issuer?: string) {
  if (refusal.reason === 'reused') return undefined;
  const person = personOf(refusal);
  if (person === undefined && classOf(refusal) !== 'standing') return undefined;
  return { grant, reason: refusal.reason, ...(person !== undefined && { person }), ...(issuer !== undefined && { issuer }) };
}
