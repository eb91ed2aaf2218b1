import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSseScanner, EventTooLong } from './sse.ts';

const shown = (bytes: Buffer, cuts: readonly number[] = []) => {
  const scanner = createSseScanner();
  const edges = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
  return edges
    .slice(1)
    .flatMap((end, index) => scanner.push(bytes.subarray(edges[index] ?? 0, end)))
    .map(({ name, data }) => [name, data.toString('utf8')]);
};
const read = (text: string) => shown(Buffer.from(text));

describe('server-sent events', () => {
  it('are read with their names, whatever ends the lines', () => {
    for (const end of ['\n', '\r\n', '\r'])
      expect(read(['event: ping', 'data: {}', '', ': a remark', 'data:  two', 'data:lines', 'id: 7', '', ''].join(end))).toEqual([
        ['ping', '{}'],
        ['message', ' two\nlines'],
      ]);
  });

  it('without data, or cut off before the empty line, are none', () => {
    expect(read('event: lonely\n\ndata\n\ndata: cut\n')).toEqual([]);
    expect(read('event: lonely\n\ndata: {}\n\n')).toEqual([['message', '{}']]);
  });

  it('of a field that only begins like one that counts are not read, nor is a byte order mark', () => {
    expect(read('\ufeffdata: a\ndatabase: b\neventual: c\ndat\n\n')).toEqual([['message', 'a']]);
  });

  it('come out the same however the bytes are cut', () => {
    const lines = fc.constantFrom('data: {"a":1}', 'data:', 'data', 'event: x', ':c', 'id: 1', 'data: ü€𝄞', 'retry: 3', '', '');
    const ends = fc.constantFrom('\n', '\r\n', '\r');
    const streams = fc.array(fc.tuple(lines, ends), { maxLength: 40 }).map((all) => Buffer.from(all.flat().join('')));
    fc.assert(
      fc.property(streams, fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 }), (bytes, cuts) => {
        const at = cuts.map((cut) => Math.floor(cut * bytes.length));
        const bytewise = Array.from(bytes, (_, index) => index);
        expect(shown(bytes, at)).toEqual(shown(bytes));
        expect(shown(bytes, bytewise)).toEqual(shown(bytes));
      }),
    );
  });

  it('say whether the bytes so far end between two of them', () => {
    const scanner = createSseScanner();
    const ends = (text: string) => {
      scanner.push(Buffer.from(text));
      return scanner.isBetweenEvents();
    };
    expect(scanner.isBetweenEvents()).toBe(true);
    expect([ends('da'), ends('ta: x'), ends('\n'), ends('\n'), ends('\r'), ends(':')]).toEqual([false, false, false, true, true, false]);
  });

  it('that never end are refused at the bound', () => {
    const scanner = createSseScanner(100);
    scanner.push(Buffer.from(`data: ${'x'.repeat(60)}\n\n`));
    scanner.push(Buffer.from(`data: ${'x'.repeat(60)}`));
    expect(() => scanner.push(Buffer.from('x'.repeat(60)))).toThrow(EventTooLong);
  });
});
