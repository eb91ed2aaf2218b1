/** Spend as rows under one heading: by person, group, model, route or day. Pure; reads no ledger. */
import { noTokens, type Tokens, tokenKinds } from '@gatehouse/ledger/price';

export const headings = ['person', 'group', 'model', 'route', 'day'] as const;
export type Heading = (typeof headings)[number];

/** One counter of the ledger. */
export interface Spent {
  person: string;
  /** `2026-11-22`, UTC. */
  day: string;
  model: string;
  route: string;
  amount_micros: number;
  requests: number;
  /** What clients reckon themselves, and what of the amount our own gateway saw. */
  claimed_micros: number;
  server_micros: number;
  tokens: Tokens;
}

export interface ReportRow {
  key: string;
  amount_micros: number;
  requests: number;
  tokens: Tokens;
}

/** What stands for people that are in no group. */
export const noGroup = '(none)';

/**
 * The dearest first; days in their order. Somebody in several groups counts in each, so that groups may add up to more than the whole.
 * @param groupsOf a person's groups; asked for by `group` alone.
 */
export function report(spent: readonly Spent[], by: Heading, groupsOf: (person: string) => readonly string[]): ReportRow[] {
  const rows = new Map<string, ReportRow>();
  for (const one of spent)
    for (const key of keysOf(one, by, groupsOf)) {
      const row = rows.get(key) ?? { key, amount_micros: 0, requests: 0, tokens: { ...noTokens } };
      rows.set(key, row);
      row.amount_micros += one.amount_micros;
      row.requests += one.requests;
      for (const kind of tokenKinds) row.tokens[kind] += one.tokens[kind];
    }
  // What a better witness un-billed to nothing leaves counters of zero.
  const sorted = [...rows.values()].filter(
    ({ amount_micros, requests, tokens }) => amount_micros !== 0 || requests !== 0 || tokenKinds.some((kind) => tokens[kind] !== 0),
  );
  if (by === 'day') return sorted.sort((a, b) => (a.key < b.key ? -1 : 1));
  return sorted.sort((a, b) => b.amount_micros - a.amount_micros || (a.key < b.key ? -1 : 1));
}

function keysOf(one: Spent, by: Heading, groupsOf: (person: string) => readonly string[]): readonly string[] {
  if (by !== 'group') return [one[by]];
  const groups = groupsOf(one.person);
  return groups.length > 0 ? groups : [noGroup];
}

/** RFC 4180. A key that a spreadsheet would take for a formula gets an apostrophe in front. */
export function csv(rows: readonly ReportRow[]): string {
  const lines = [['key', 'amount_micros', 'requests', ...tokenKinds]];
  for (const { key, amount_micros, requests, tokens } of rows)
    lines.push([cell(key), String(amount_micros), String(requests), ...tokenKinds.map((kind) => String(tokens[kind]))]);
  return lines.map((line) => `${line.join(',')}\r\n`).join('');
}

function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
