/** Turns against a table as DynamoDB keeps it, by a clock that is moved. */
import { installStackDate } from '@gatehouse/local/lambda/stack-date';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startAws, type TestAws } from '../../test/support/aws.ts';
import { inTurn, TurnAhead } from './turn.ts';

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

/** How many of the calls lie within the fullest minute. */
function fullest(calls: number[]): number {
  const sorted = calls.toSorted((a, b) => a - b);
  return Math.max(...sorted.map((start, index) => sorted.slice(index).filter((at) => at < start + 60_000).length));
}

it('lets whoever books nothing wait a little, and refuses whose turn is further off', async () => {
  const asked = Promise.allSettled(
    Array.from({ length: 20 }, () => inTurn({ table, vendor: 'unbooked', perMinute: 60 }, (takeTurn) => takeTurn())),
  );
  const moving = setInterval(() => aws.clock.advance(1), 100);
  const answers = await asked.finally(() => clearInterval(moving));
  const refused = answers.flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : []));
  expect(refused.length).toBeGreaterThan(5);
  expect(refused.length).toBeLessThan(14);
  expect(new Set(refused.map(({ name }) => name))).toEqual(new Set(['Throttled']));
});

it('asks nobody to wait who comes after a silence', async () => {
  const began = Date.now();
  for (let turn = 0; turn < 10; turn++) await inTurn({ table, vendor: 'silent', perMinute: 100 }, (takeTurn) => takeTurn());
  expect(Date.now() - began).toBeLessThan(3_000);
});

it('gives each visit of a crowd its turn, none twice, as fast as the vendor takes their calls', async () => {
  const [perMinute, visitors, callsEach] = [100, 120, 3];
  const calls: number[] = [];
  const due = new Map<string, number>(Array.from({ length: visitors }, (_, index) => [`case-${index}`, 0]));
  const began = Date.now();
  let visits = 0;
  while (due.size > 0) {
    const next = Math.min(...due.values());
    aws.clock.advance(Math.max(0, next - Date.now()) / 1000);
    for (const [id, at] of due) {
      if (at > Date.now()) continue;
      visits++;
      try {
        await inTurn({ table, vendor: 'crowded', perMinute, who: { id, kind: 'take' } }, async (takeTurn) => {
          for (let call = 0; call < callsEach; call++) {
            await takeTurn();
            calls.push(Date.now());
          }
        });
        due.delete(id);
      } catch (error) {
        if (!(error instanceof TurnAhead)) throw error;
        due.set(id, Date.now() + error.waitSeconds * 1000);
      }
    }
  }
  expect(calls).toHaveLength(visitors * callsEach);
  expect(fullest(calls)).toBeLessThanOrEqual(perMinute);
  expect((Date.now() - began) / 60_000).toBeLessThan(((visitors * callsEach) / perMinute) * 1.25);
  expect(visits).toBeLessThan(visitors * 3);
});

it('lets a turn that was not used in time go, and books another', async () => {
  const at = { table, vendor: 'late', perMinute: 20 };
  const visit = (id: string) => inTurn({ ...at, who: { id, kind: 'take' } }, (takeTurn) => takeTurn());
  const comes = async (id: string) =>
    visit(id).then(
      () => 0,
      (error: TurnAhead) => error.waitSeconds,
    );
  await visit('first');
  await visit('second');
  const wait = await comes('third');
  expect(wait).toBeGreaterThan(0);
  expect(await comes('third')).toBe(wait);
  for (let other = 0; other < 10; other++) await comes(`other-${other}`);
  aws.clock.advance(wait + 8);
  expect(await comes('third')).toBeGreaterThan(wait);
});
