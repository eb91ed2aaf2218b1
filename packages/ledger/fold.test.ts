import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Entry, Group } from './entry.ts';
import { billed, type Cell, fold } from './fold.ts';
import { addTokens, noTokens, type Tokens } from './price.ts';

const group: Group = {
  person: 'per_1',
  session: 's',
  model: 'claude-opus-4-8',
  route: 'anthropic',
  regional: false,
  fast: false,
  batch: false,
};
const nine = Date.UTC(2026, 10, 22, 9, 0, 0);
const input = (count: number): Tokens => ({ ...noTokens, input: count });

let serial = 0;
function entry(witness: Entry['witness'], offsetSeconds: number, count: number, windowSeconds = 60): Entry {
  const at = nine + offsetSeconds * 1000;
  return {
    key: String(serial++),
    group,
    witness,
    at,
    ...(witness === 'metric' && { from: at - windowSeconds * 1000 }),
    tokens: input(count),
    requests: witness === 'metric' ? 0 : 1,
  };
}

function total(entries: readonly Entry[]): number {
  return sum(fold(new Map(), entries));
}

function sum(cells: Map<string, Cell>): number {
  const keys = billed(cells);
  return [...cells].filter(([key]) => keys.has(key)).reduce((tokens, [, cell]) => addTokens(tokens, cell.tokens), noTokens).input;
}

describe('what is billed', () => {
  it('is the events where both events and metrics speak', () => {
    expect(total([entry('event', 30, 100), entry('metric', 60, 100)])).toBe(100);
  });
  it('is the metrics where only they speak', () => {
    expect(total([entry('event', 30, 100), entry('metric', 600, 40)])).toBe(140);
  });
  it('is the server where it speaks of the same minute', () => {
    expect(total([entry('server', 20, 90), entry('event', 30, 100), entry('metric', 60, 100)])).toBe(90);
  });
  it('is the event of a minute that the server says nothing about', () => {
    expect(total([entry('server', 20, 90), entry('event', 215, 7)])).toBe(97);
  });
  it('is the server alone where the client put the same request into another minute', () => {
    expect(total([entry('server', 59, 90), entry('event', 61, 100), entry('metric', 130, 100, 60)])).toBe(90);
    expect(total([entry('server', 200, 90), entry('event', 95, 100)])).toBe(90);
  });
  it('counts a long window by the events inside it, not both', () => {
    expect(total([entry('event', 30, 50), entry('event', 250, 50), entry('metric', 300, 100, 300)])).toBe(100);
  });
  it('adds the points of one window together', () => {
    expect(total([entry('metric', 60, 40), entry('metric', 60, 2)])).toBe(42);
  });
});

describe('the fold', () => {
  const witness = fc.constantFrom('server', 'event', 'metric') as fc.Arbitrary<Entry['witness']>;
  const some = fc
    .record({
      witness,
      seconds: fc.integer({ min: 0, max: 1800 }),
      count: fc.integer({ min: 1, max: 1000 }),
      window: fc.constantFrom(1, 60, 300),
    })
    .map(({ witness: who, seconds, count, window }) => entry(who, seconds, count, window));

  it('comes to the same in any order and in any parts', () => {
    fc.assert(
      fc.property(
        fc.array(some, { maxLength: 30 }),
        fc.infiniteStream(fc.nat()),
        fc.integer({ min: 1, max: 5 }),
        (entries, random, parts) => {
          const whole = fold(new Map(), entries);
          const draw = random[Symbol.iterator]();
          const shuffled = [...entries].sort(() => ((draw.next().value ?? 0) % 2 ? 1 : -1));
          let cells = new Map<string, Cell>();
          const size = Math.ceil(shuffled.length / parts) || 1;
          for (let at = 0; at < shuffled.length; at += size) cells = fold(cells, shuffled.slice(at, at + size));
          expect(sum(cells)).toBe(sum(whole));
          expect([...billed(cells)].sort()).toEqual([...billed(whole)].sort());
        },
      ),
    );
  });
  it('never bills more than every witness together, nor less than the best alone', () => {
    fc.assert(
      fc.property(fc.array(some, { maxLength: 30 }), (entries) => {
        const all = entries.reduce((count, one) => count + one.tokens.input, 0);
        const server = total(entries.filter((one) => one.witness === 'server'));
        expect(total(entries)).toBeLessThanOrEqual(all);
        expect(total(entries)).toBeGreaterThanOrEqual(server);
      }),
    );
  });
});
