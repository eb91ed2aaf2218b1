import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logsBody, metricsBody, requestRecord, tokenPoint } from '../exporter.fixture.ts';
import { witness } from '../witness.ts';
import { bytesField, encodeLogs, encodeMetrics, fixed64Field, keyValue, varint, varintField } from './encode.fixture.ts';
import { readJson } from './json.ts';
import { readProtobuf } from './protobuf.ts';
import { Malformed, type Signal } from './reading.ts';

const now = Date.UTC(2026, 10, 22, 9);
const types = ['input', 'output', 'cacheRead', 'cacheCreation'] as const;
const points = Array.from({ length: 40 }, (_, index) =>
  tokenPoint({
    at: now - index * 1_000,
    type: types[index % 4]!,
    tokens: index + 1,
    session: `s${index % 3}`,
    more: { query_source: index % 2 ? 'main' : 'subagent', ratio: 0.5, big: 12_345_678_901, negative: -7, flag: index % 2 === 0 },
  }),
);
const metrics = metricsBody(points);
const logs = logsBody(
  Array.from({ length: 12 }, (_, index) =>
    requestRecord({ at: now - index, sequence: index, tokens: { input: index * 1000, cache1h: 5 } }),
  ),
);
/** A resource, a scope and one metric around the bytes of a data point. */
const around = (point: Buffer, ...more: Buffer[]) => {
  const sum = Buffer.concat([bytesField(1, point), varintField(2, 1)]);
  const metric = Buffer.concat([bytesField(1, 'claude_code.token.usage'), bytesField(7, sum), ...more]);
  return bytesField(1, bytesField(2, bytesField(2, metric)));
};
const attribute = (key: string, text: string) => bytesField(7, keyValue({ key, value: { stringValue: text } }));
const time = (field: number) => fixed64Field(field, (bytes) => bytes.writeBigUInt64LE(BigInt(now) * 1_000_000n));
const number = fixed64Field(4, (bytes) => bytes.writeDoubleLE(5));
const plain = Buffer.concat([time(2), time(3), number, attribute('type', 'input'), attribute('model', 'claude-opus-4-8')]);

/** An AnyValue of arrays within arrays. */
function nested(depth: number): Buffer {
  const core = bytesField(1, 'core');
  const heads: Buffer[] = [];
  let size = core.length;
  for (let level = 0; level < depth * 2; level++) {
    const head = Buffer.concat([varint((level % 2 ? 5 : 1) * 8 + 2), varint(size)]);
    heads.push(head);
    size += head.length;
  }
  return Buffer.concat([...heads.reverse(), core]);
}

describe('the protobuf reader', () => {
  it('reads what the JSON reader reads: the same entries, by the same keys', () => {
    for (const [signal, body, bytes] of [
      ['metrics', metrics, encodeMetrics(metrics)],
      ['logs', logs, encodeLogs(logs)],
    ] as const) {
      const fromJson = witness(readJson(signal, JSON.stringify(body)), () => 'per_1', now);
      const fromProtobuf = witness(readProtobuf(signal, bytes), () => 'per_1', now);
      expect(fromProtobuf).toEqual(fromJson);
      expect(fromJson.entries.length).toBeGreaterThan(10);
      expect(fromJson.rejected).toBe(0);
    }
  });

  it('is not moved by the order of attributes', () => {
    const turned = metricsBody(points.map((point) => ({ ...point, attributes: [...point.attributes].reverse() })));
    const keys = (body: object) => witness(readProtobuf('metrics', encodeMetrics(body)), () => 'per_1', now).entries.map(({ key }) => key);
    expect(keys(turned)).toEqual(keys(metrics));
  });

  it('takes nothing at all for an empty request', () => {
    for (const signal of ['metrics', 'logs', 'traces'] satisfies Signal[])
      expect(readProtobuf(signal, Buffer.alloc(0))).toMatchObject({ items: 0, rejected: 0 });
  });

  it('ignores fields it does not know, of every wire type', () => {
    const unknown = Buffer.concat([
      varintField(99, 1n << 63n),
      fixed64Field(100, () => {}),
      bytesField(101, 'whatever'),
      Buffer.concat([varint(102 * 8 + 5), Buffer.alloc(4)]),
      Buffer.concat([varint(103 * 8 + 3), varintField(1, 7), bytesField(2, 'in a group'), varint(103 * 8 + 4)]),
    ]);
    const read = readProtobuf('metrics', Buffer.concat([unknown, around(Buffer.concat([unknown, plain, unknown]), unknown)]));
    expect(read.points).toHaveLength(1);
    expect(read.points[0]).toMatchObject({ value: 5, temporality: 1, time: { ms: now, ns: 0 } });
  });

  it('finds a name that stands after the data it names', () => {
    const sum = Buffer.concat([bytesField(1, plain), varintField(2, 2)]);
    const late = bytesField(1, bytesField(2, bytesField(2, Buffer.concat([bytesField(7, sum), bytesField(1, 'claude_code.token.usage')]))));
    expect(readProtobuf('metrics', late).points).toMatchObject([{ temporality: 2 }]);
  });

  it('leaves out a point whose flags say that it has no value', () => {
    expect(readProtobuf('metrics', around(Buffer.concat([plain, varintField(8, 1)])))).toMatchObject({ items: 1, points: [], rejected: 0 });
  });

  it('counts the points of kinds that it does not bill', () => {
    for (const field of [5, 9, 10, 11]) {
      const metric = Buffer.concat([bytesField(1, 'latency'), bytesField(field, Buffer.concat([bytesField(1, ''), bytesField(1, '')]))]);
      expect(readProtobuf('metrics', bytesField(1, bytesField(2, bytesField(2, metric)))), String(field)).toMatchObject({
        items: 2,
        points: [],
      });
    }
  });

  it('reads an integer point, and refuses to see text in one', () => {
    const integer = fixed64Field(6, (bytes) => bytes.writeBigInt64LE(-3n));
    expect(readProtobuf('metrics', around(Buffer.concat([time(3), integer]))).points[0]?.value).toBe(-3);
  });

  it('does not fall over nesting, however deep', () => {
    for (const depth of [10, 2_000, 20_000]) {
      const deep = Buffer.concat([bytesField(1, 'nest'), bytesField(2, nested(depth))]);
      expect(readProtobuf('metrics', around(Buffer.concat([plain, bytesField(7, deep)]))).points).toHaveLength(1);
    }
    const groups = Buffer.concat([
      Buffer.concat(Array(5_000).fill(varint(9 * 8 + 3))),
      Buffer.concat(Array(5_000).fill(varint(9 * 8 + 4))),
    ]);
    expect(() => readProtobuf('metrics', groups)).toThrow(Malformed);
  });
});

describe('a request that is no protobuf', () => {
  const whole = encodeMetrics(metrics);

  it('is refused wherever it is cut', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: whole.length - 1 }), (length) => {
        expect(() => readProtobuf('metrics', whole.subarray(0, length))).toThrow(Malformed);
      }),
    );
  });

  it('is refused when a part is longer than what holds it', () => {
    const tooLong = Buffer.concat([bytesField(1, 'model').subarray(0, -1)]);
    const sneaky = Buffer.concat([Buffer.from([0x0a]), varint(200), Buffer.from('short')]);
    for (const point of [bytesField(7, tooLong), bytesField(7, sneaky)])
      expect(() => readProtobuf('metrics', Buffer.concat([around(point), around(plain)]))).toThrow(Malformed);
  });

  it.each([
    ['field number 0', Buffer.from([0x00, 0x01])],
    ['a varint without an end', Buffer.alloc(12, 0xff)],
    ['wire type 6', Buffer.from([0x0e])],
    ['wire type 7', Buffer.from([0x0f])],
    ['a group that is not closed', Buffer.from([0x4b, 0x08, 0x01])],
    ['a group that ends and never began', Buffer.from([0x4c])],
    ['a length of 2^64 - 1', Buffer.concat([Buffer.from([0x0a]), varint(2n ** 64n - 1n)])],
    ['a length of 2^32', Buffer.concat([Buffer.from([0x0a]), varint(2n ** 32n)])],
  ])('is refused with %s', (_, bytes) => {
    expect(() => readProtobuf('metrics', bytes)).toThrow(Malformed);
  });

  it('never does anything but be read or refused, and reads nothing from outside of its bytes', () => {
    const seeds = [whole, encodeLogs(logs), around(plain)];
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 8 }),
        fc.constantFrom<Signal>('metrics', 'logs', 'traces'),
        (seed, changes, signal) => {
          // What lies around the request in memory must not matter.
          const read = [0x00, 0xff].map((filler) => {
            const memory = Buffer.alloc(seed.length + 64, filler);
            const bytes = memory.subarray(32, 32 + seed.length);
            seed.copy(bytes);
            for (const [place, byte] of changes) bytes[place % bytes.length] = byte;
            try {
              const reading = readProtobuf(signal, bytes);
              return JSON.stringify([reading.items, reading.rejected, witness(reading, () => 'per_1', now)]);
            } catch (error) {
              expect(error).toBeInstanceOf(Malformed);
              return 'malformed';
            }
          });
          expect(read[0]).toBe(read[1]);
        },
      ),
      { numRuns: 1_500 },
    );
  });

  it('takes any bytes without harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          readProtobuf('metrics', Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(Malformed);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
