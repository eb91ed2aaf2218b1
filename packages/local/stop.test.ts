import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createProgress } from './progress.ts';
import { onStop } from './stop.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function start(close: () => Promise<unknown>) {
  const said: string[] = [];
  const exits: number[] = [];
  const fake = Object.assign(new EventEmitter(), { exit: (code: number) => exits.push(code) });
  onStop(fake, { close, say: (line) => said.push(line) });
  return { fake, said, exits };
}

describe('Ctrl-C', () => {
  it('closes what runs and exits with 0', async () => {
    const { fake, said, exits } = start(async () => {});
    fake.emit('SIGINT');
    await vi.runAllTimersAsync();
    expect([said, exits]).toEqual([[], [0]]);
  });
  it('twice no longer waits, having said that it may be pressed again', () => {
    const { fake, said, exits } = start(() => new Promise(() => {}));
    fake.emit('SIGINT');
    vi.advanceTimersByTime(1000);
    expect([said, exits]).toEqual([['Finishing what is under way; Ctrl-C again stops at once.'], []]);
    fake.emit('SIGINT');
    expect(exits).toEqual([130]);
  });
  it('exits with 1 when closing fails, and says why', async () => {
    const { fake, said, exits } = start(() => Promise.reject(new Error('the disk is full')));
    fake.emit('SIGTERM');
    await vi.advanceTimersByTimeAsync(1);
    expect([said, exits]).toEqual([['Error: the disk is full'], [1]]);
  });
});

describe('the progress of a start', () => {
  const run = (isTty: boolean) => {
    const lines: string[] = [];
    const progress = createProgress({ write: (line) => lines.push(line), isTty });
    progress.begin('Opening tables');
    vi.advanceTimersByTime(900);
    progress.begin('Making functions');
    vi.advanceTimersByTime(5000);
    progress.begin('Publishing');
    progress.end();
    vi.advanceTimersByTime(5000);
    return lines;
  };
  it('is told once for each stage that takes longer than a second', () => {
    expect(run(true)).toEqual(['Making functions ...']);
  });
  it('is not told to a pipe', () => {
    expect(run(false)).toEqual([]);
  });
});
