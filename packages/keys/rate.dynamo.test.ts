import { installStackDate } from '@gatehouse/local/lambda/stack-date';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startAws, type TestAws } from '../../test/support/aws.ts';
import { takeTurn } from './rate.dynamo.ts';

let aws: TestAws;
let table: string;
let real: () => void;

beforeAll(async () => {
  aws = await startAws(() => []);
  real = installStackDate(() => aws.clock.now());
  table = await aws.table('keys');
});
afterAll(async () => {
  real();
  await aws.close();
});

it('lets no more calls through within any minute than the vendor takes, however many ask at once', async () => {
  const [perMinute, callers, enough] = [60, 10, 150];
  const turns: number[] = [];
  let spent = 0;
  const call = async () => {
    while (turns.length < enough)
      try {
        await takeTurn(table, 'anthropic', perMinute);
        turns.push(Date.now());
      } catch (error) {
        expect((error as Error).name).toBe('Throttled');
        spent++;
        aws.clock.advance(1);
      }
  };
  await Promise.all(Array.from({ length: callers }, call));
  turns.sort((a, b) => a - b);
  const within = turns.map((start, index) => turns.slice(index).filter((at) => at < start + 60_000).length);
  expect(Math.max(...within)).toBeLessThanOrEqual(perMinute);
  expect(Math.max(...within)).toBeGreaterThan(perMinute * 0.7);
  expect(spent).toBeGreaterThan(0);
}, 30_000);

it('asks nobody to wait who comes after a silence', async () => {
  aws.clock.advance(300);
  const began = Date.now();
  for (let turn = 0; turn < 10; turn++) await takeTurn(table, 'anthropic', 100);
  expect(Date.now() - began).toBeLessThan(2_000);
});
