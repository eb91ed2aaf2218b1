/** B1: reading OTLP metrics from protobuf and folding them, over `JSON.parse` of the same batch as JSON. Points a second, as a ratio within one run. */
import { textOf } from '@gatehouse/usage/otlp/attribute';
import { encodeMetrics } from '@gatehouse/usage/otlp/encode.fixture';
import { readProtobuf } from '@gatehouse/usage/otlp/protobuf';
import { batch } from './claude-batch.ts';
import { atLeast, type Figure, type Measure } from './figure.ts';
import { perSecond } from './per-second.ts';

const rounds = 41;

export const measure: Measure = async (say) => {
  const figures: Record<string, Figure> = {};
  for (const [letter, count] of [
    ['a', 500],
    ['b', 5000],
  ] as const) {
    const body = batch(count, Date.UTC(2026, 10, 22, 9));
    const json = Buffer.from(JSON.stringify(body));
    const protobuf = encodeMetrics(body);
    const expected = 1000 * count + (count * (count - 1)) / 2;
    if (foldProtobuf(protobuf) !== expected)
      throw new Error(`The fold of ${count} points came to ${foldProtobuf(protobuf)}, not ${expected}`);
    const ratios: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const ours = perSecond(() => foldProtobuf(protobuf), count);
      const parse = perSecond(() => JSON.parse(json.toString('utf8')) as unknown, count);
      if (round > 5) ratios.push(ours / parse);
      if (round === rounds - 1)
        say(`${count} points: ${(ours / 1e6).toFixed(2)} M points/s over ${(parse / 1e6).toFixed(2)} M by JSON.parse`);
    }
    figures[`B1${letter}`] = atLeast(4, 'x', ratios);
  }
  return figures;
};

/** Tokens by model and type, as a ledger's reader would add them up. */
function foldProtobuf(bytes: Buffer): number {
  const sums = new Map<string, Map<string, number>>();
  for (const { attributes, value = 0 } of readProtobuf('metrics', bytes).points) {
    const model = textOf(attributes, 'model') ?? '';
    const type = textOf(attributes, 'type') ?? '';
    let types = sums.get(model);
    if (!types) {
      types = new Map();
      sums.set(model, types);
    }
    types.set(type, (types.get(type) ?? 0) + value);
  }
  let total = 0;
  for (const types of sums.values()) for (const sum of types.values()) total += sum;
  return total;
}
