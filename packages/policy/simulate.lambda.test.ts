/** Proves the simulation over real tables: people, ledger rows as the ledger writes them, and a ledger that is away. */
import { spend, spendDayPk } from '@gatehouse/contracts/records/spend';
import { dayOf } from '@gatehouse/ledger/entry';
import { dayPk, spendPk, spendSk } from '@gatehouse/ledger/rows';
import { samplePolicy } from '@gatehouse/rules/sample';
import { put } from '@gatehouse/runtime/table';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startAws, type TestAws } from '../../test/support/aws.ts';
import { handler as publishPolicy } from './publish-policy.lambda.ts';
import { type Answer, type Company, call, type SignedIn, startCompany, watch } from './signed-in.fixture.ts';
import { handler as simulate } from './simulate.lambda.ts';

let aws: TestAws;
let company: Company;
let alice: SignedIn;
let bob: SignedIn;
let carol: SignedIn;
const [admins, contractors, engineering] = samplePolicy.policies;
const haikuForAll = { ...samplePolicy, policies: [admins, contractors, { ...engineering, models: { allow: ['haiku'] } }] };
const daysAgo = (days: number) => dayOf(Date.now() - days * 86_400_000);

beforeAll(async () => {
  aws = await startAws();
  company = await startCompany(aws);
  alice = await company.signIn('alice', ['engineering']);
  bob = await company.signIn('bob', ['contractors']);
  carol = await company.signIn('carol', ['platform-admins']);
  await publishPolicy({ document: samplePolicy, author: 'deployment', reason: 'first policy', if_version: 0 } as never, {} as never);
  await use(alice.id, daysAgo(1), 'claude-opus-4-8', 7_000_000);
  await use(alice.id, daysAgo(29), 'claude-opus-4-8', 1_000_000);
  await use(alice.id, daysAgo(30), 'claude-opus-4-8', 500);
  await use(bob.id, daysAgo(2), 'claude-haiku-4-5', 3_000);
});
afterAll(() => aws.close());

async function use(person: string, day: string, model: string, amount_micros: number): Promise<void> {
  const row = { gsi1pk: dayPk(day), gsi1sk: `${person}#${model}#gateway`, amount_micros, requests: 1, input: 10 };
  await put(company.tables.usage, { pk: spendPk(person), sk: spendSk(day, model, 'gateway'), ...row });
}
const tried = (body: object): Promise<Answer> => call(simulate, 'POST /admin/policies/simulate', { token: carol.token, body });

describe('a simulation', () => {
  it('names everybody who gains and loses, and the calls and dollars that would have been refused in thirty days', async () => {
    const { status, body } = await tried({ document: haikuForAll });
    expect(status).toBe(200);
    expect(body.everyone).toMatchObject({
      people: 3,
      lose: 1,
      gain: 0,
      classes: [
        { groups: ['engineering'], people: 1, who: [alice.id], loses: ['the model opus', 'the model sonnet', 'models that no rule names'] },
      ],
    });
    expect(body.replay).toMatchObject({
      from: daysAgo(29),
      to: daysAgo(0),
      days_read: 30,
      partial: null,
      seen: { requests: 3, amount_micros: 8_003_000 },
      refused: [{ person: alice.id, model: 'claude-opus-4-8', route: 'gateway', because: 'model', requests: 2, amount_micros: 8_000_000 }],
      refused_in_all: { requests: 2, amount_micros: 8_000_000 },
    });
  });

  it('replays as many days as asked for, and none for 0', async () => {
    expect((await tried({ document: haikuForAll, days: 2 })).body.replay).toMatchObject({ days_asked: 2, refused_in_all: { requests: 1 } });
    expect((await tried({ document: haikuForAll, days: 0 })).body.replay).toBeNull();
    expect((await tried({ document: haikuForAll, days: 91 })).status).toBe(400);
  });

  it('counts somebody who left as not judged', async () => {
    await use('per_01h0000000000000000000gone', daysAgo(3), 'claude-opus-4-8', 42);
    expect((await tried({ document: haikuForAll })).body.replay.not_judged).toEqual({ requests: 1, amount_micros: 42 });
  });

  it('says that it is partial when the ledger is away, and still who gains and loses', async () => {
    const watched = await watch(aws);
    watched.broken = (operation, input) => operation === 'Query' && input.TableName === company.tables.usage;
    vi.resetModules();
    const { handler } = await import('./simulate.lambda.ts');
    const options = { token: carol.token, body: { document: haikuForAll } };
    const { status, body } = await call(handler, 'POST /admin/policies/simulate', options);
    watched.close();
    expect([status, body.everyone.lose]).toEqual([200, 1]);
    expect(body.replay).toMatchObject({ days_read: 0, partial: 'the ledger did not answer' });
  });
});

it('the spend record is laid out as the ledger writes it', () => {
  expect(spend.key('per_1', '2026-11-22', 'm#1', 'gateway')).toEqual({ pk: spendPk('per_1'), sk: spendSk('2026-11-22', 'm#1', 'gateway') });
  expect(spendDayPk('2026-11-22')).toBe(dayPk('2026-11-22'));
});
