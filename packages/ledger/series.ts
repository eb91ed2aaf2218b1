/**
 * Running totals become differences: of each series only what is new since the last total counts, so that late, repeated and reordered
 * totals come to the same sum. Pure: the totals known go in, the entries to post and the totals to remember come out.
 */
import type { Entry } from './entry.ts';
import { noTokens, type Tokens, tokenKinds } from './price.ts';

export interface Total {
  /** When the sender took it, ms. */
  at: number;
  tokens: Tokens;
}

export interface Resolved {
  /** What is new, with the window it was used in. Entries without a series stay as they are. */
  entries: Entry[];
  /** `before`: the `at` of the total that was known, absent when none was. */
  totals: (Total & { key: string; before?: number })[];
}

/** A counter first seen this long after its start is taken to have been counted elsewhere: from there on its growth counts. */
const recentMs = 86_400_000;

export function resolveSeries(entries: readonly Entry[], known: ReadonlyMap<string, Total>): Resolved {
  const fresh: Entry[] = [];
  const latest = new Map<string, Total>();
  const byTime = entries.some(({ series }) => series) ? [...entries].sort((a, b) => a.at - b.at) : entries;
  for (const entry of byTime) {
    const { series, at, tokens } = entry;
    if (!series) {
      fresh.push(entry);
      continue;
    }
    const last = latest.get(series.key) ?? known.get(series.key);
    if (last && (at <= last.at || tokenKinds.some((kind) => tokens[kind] < last.tokens[kind]))) continue;
    latest.set(series.key, { at, tokens });
    const counted = last?.tokens ?? (at - series.start <= recentMs ? noTokens : tokens);
    const grown = { ...noTokens };
    for (const kind of tokenKinds) grown[kind] = tokens[kind] - counted[kind];
    if (tokenKinds.some((kind) => grown[kind] > 0)) fresh.push({ ...entry, tokens: grown, from: last?.at ?? (series.start || at) });
  }
  const totals = [...latest].map(([key, total]) => {
    const before = known.get(key)?.at;
    return { key, ...total, ...(before !== undefined && { before }) };
  });
  return { entries: fresh, totals };
}
