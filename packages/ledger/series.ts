/**
 * Running totals become differences: of each series only what is new since the last total counts, so that late, repeated and reordered
 * totals come to the same sum. Pure: the totals known go in, the entries to post and the totals to remember come out.
 */
import type { Entry } from './entry.ts';
import { noTokens, type Tokens, tokenKinds } from './price.ts';
import { seriesSeconds } from './rows.ts';

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

/** A counter that began longer ago may have been counted and its total forgotten: from where it is first seen, its growth counts. */
const rememberedMs = seriesSeconds * 1_000;

export function resolveSeries(entries: readonly Entry[], totals: ReadonlyMap<string, Total>): Resolved {
  const fresh: Entry[] = [];
  const latest = new Map<string, Total>();
  const byTime = entries.some(({ series }) => series) ? [...entries].sort((a, b) => a.at - b.at) : entries;
  for (const entry of byTime) {
    const { series, at, tokens } = entry;
    if (!series) {
      fresh.push(entry);
      continue;
    }
    const last = latest.get(series.key) ?? totals.get(series.key);
    const fell = last !== undefined && tokenKinds.some((kind) => tokens[kind] < last.tokens[kind]);
    // One start and a lower total: the sender began anew and did not say so. Without a start it may be two senders of one name.
    if (last && (at <= last.at || (fell && series.start === 0))) continue;
    latest.set(series.key, { at, tokens });
    const known = fell ? noTokens : last?.tokens;
    const counted = known ?? (at - series.start <= rememberedMs ? noTokens : tokens);
    const grown = { ...noTokens };
    for (const kind of tokenKinds) grown[kind] = tokens[kind] - counted[kind];
    if (tokenKinds.some((kind) => grown[kind] > 0)) fresh.push({ ...entry, tokens: grown, from: last?.at ?? (series.start || at) });
  }
  const taken = [...latest].map(([key, total]) => {
    const before = totals.get(key)?.at;
    return { key, ...total, ...(before !== undefined && { before }) };
  });
  return { entries: fresh, totals: taken };
}
