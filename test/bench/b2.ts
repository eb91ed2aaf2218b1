/** B2: the ingest pipeline (inflate, decode, keys, price, fold, EMF), over the same written with protobufjs's static code. Points a second, as a ratio within one run. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { plan } from '@gatehouse/ledger/post';
import { listPrices } from '@gatehouse/ledger/price-book';
import { spendRows } from '@gatehouse/ledger/spend-rows';
import { emf } from '@gatehouse/runtime/metric';
import { encodeMetrics } from '@gatehouse/usage/otlp/encode.fixture';
import { openEnvelope } from '@gatehouse/usage/otlp/envelope';
import { readProtobuf } from '@gatehouse/usage/otlp/protobuf';
import { witness } from '@gatehouse/usage/witness';
import { batch } from './claude-batch.ts';
import { atLeast, type Figure, type Measure } from './figure.ts';
import { perSecond } from './per-second.ts';
import { ingestWithProtobufjs, staticDecoder } from './protobufjs-pipeline.ts';

const rounds = 41;
const person = 'per_01h00000000000000000000000';
const headers = { contentType: 'application/x-protobuf', contentEncoding: 'gzip' };
const terms = { book: listPrices, multiplierPpm: 1_000_000 };

export const measure: Measure = async (say) => {
  const figures: Record<string, Figure> = {};
  const decoder = staticDecoder();
  const now = Date.now();
  for (const [letter, count] of [
    ['a', 500],
    ['b', 5000],
  ] as const) {
    const packed = gzipSync(encodeMetrics(batch(count, now - 60_000)));
    const [ours, theirs] = [ingest(packed, now), ingestWithProtobufjs(decoder, packed, person)].map(spendOf);
    if (ours !== theirs) throw new Error(`The pipelines disagree: ${ours} and ${theirs} micro-dollars`);
    const ratios: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const fast = perSecond(() => ingest(packed, now), count);
      const slow = perSecond(() => ingestWithProtobufjs(decoder, packed, person), count);
      if (round > 5) ratios.push(fast / slow);
      if (round === rounds - 1)
        say(`${count} points: ${(fast / 1e3).toFixed(0)} k points/s over ${(slow / 1e3).toFixed(0)} k with protobufjs`);
    }
    figures[`B2${letter}`] = atLeast(4, 'x', ratios);
  }
  return figures;
};

/** What the ingest function does with a body, without its table. */
function ingest(packed: Buffer, now: number): string[] {
  const opened = openEnvelope(packed, headers);
  if (!opened.ok) throw new Error(opened.refusal.reason);
  const { bytes } = opened.value;
  createHash('sha256').update(person).update(bytes).digest('hex');
  const { entries } = witness(readProtobuf('metrics', bytes), () => person, now);
  const groups = [...new Set(entries.map(({ group }) => group))];
  const made = plan(
    entries,
    groups.map((group) => ({ group, version: 0, cells: new Map() })),
    terms,
  );
  return spendRows(made, listPrices).map((row) => emf(row, now));
}

function spendOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + Number(JSON.parse(line).SpendMicros ?? 0), 0);
}
