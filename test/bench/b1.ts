/** B1: reading OTLP metrics from protobuf and folding them, over `JSON.parse` of the same batch as JSON. Points a second, as a ratio within one run. */
import { type Attributes, metricsBody, tokenPoint } from '@gatehouse/usage/exporter.fixture';
import { textOf } from '@gatehouse/usage/otlp/attribute';
import { encodeMetrics } from '@gatehouse/usage/otlp/encode.fixture';
import { readProtobuf } from '@gatehouse/usage/otlp/protobuf';
import { atLeast, type Figure, type Measure } from './figure.ts';

const rounds = 15;
const roundMs = 150;

export const measure: Measure = async (say) => {
  const figures: Record<string, Figure> = {};
  for (const [letter, count] of [
    ['a', 500],
    ['b', 5000],
  ] as const) {
    const body = batch(count);
    const json = Buffer.from(JSON.stringify(body));
    const protobuf = encodeMetrics(body);
    const expected = 1000 * count + (count * (count - 1)) / 2;
    if (foldProtobuf(protobuf) !== expected)
      throw new Error(`The fold of ${count} points came to ${foldProtobuf(protobuf)}, not ${expected}`);
    const ratios: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const ours = perSecond(() => foldProtobuf(protobuf), count);
      const parse = perSecond(() => JSON.parse(json.toString('utf8')) as unknown, count);
      if (round > 2) ratios.push(ours / parse);
      if (round === rounds - 1)
        say(`${count} points: ${(ours / 1e6).toFixed(2)} M points/s over ${(parse / 1e6).toFixed(2)} M by JSON.parse`);
    }
    figures[`B1${letter}`] = atLeast(4, 'x', ratios);
  }
  return figures;
};

function perSecond(work: () => unknown, count: number): number {
  const began = performance.now();
  let times = 0;
  while (performance.now() - began < roundMs) {
    work();
    times++;
  }
  return (times * count) / ((performance.now() - began) / 1000);
}

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

/** Fifteen attributes a point, as a busy client of several sessions and models sends them. */
function batch(count: number): ReturnType<typeof metricsBody> {
  const types = ['input', 'output', 'cacheRead', 'cacheCreation'] as const;
  const models = ['claude-opus-4-8', 'claude-haiku-4-5', 'claude-sonnet-5'];
  const points = Array.from({ length: count }, (_, index) => {
    const more: Attributes = {
      'organization.id': '7c1f0d2e-3b4a-4d5c-8e6f-9a0b1c2d3e4f',
      'user.email': `person${index % 40}@example.com`,
      'user.account_uuid': `00000000-0000-4000-8000-${String(index % 40).padStart(12, '0')}`,
      'terminal.type': 'vscode',
      'app.version': '2.1.330',
      'app.entrypoint': 'cli',
      query_source: 'main',
      effort: 'high',
      department: 'research',
      'team.id': `team-${index % 7}`,
    };
    return tokenPoint({
      at: Date.UTC(2026, 10, 22, 9, index % 60),
      type: types[index % 4] ?? 'input',
      tokens: 1000 + index,
      model: models[index % 3] ?? '',
      session: `session-${index % 60}`,
      more,
    });
  });
  return metricsBody(points);
}
