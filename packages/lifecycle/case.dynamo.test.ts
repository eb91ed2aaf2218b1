import type { Case } from '@gatehouse/contracts/records/case';
import { closeOn, hashOpening, linkTo } from '@gatehouse/core/evidence/chain';
import { openingOf, type Seal } from '@gatehouse/core/evidence/packet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAws, type TestAws } from '../../test/support/aws.ts';
import { append, casesOf, close, leaveWord, open, readCase, readChain, readLock, readSeal } from './case.dynamo.ts';
import type { ByFact } from './start.ts';

let aws: TestAws;
let table: string;
beforeAll(async () => {
  aws = await startAws();
  table = await aws.table('lifecycle');
});
afterAll(() => aws.close());

let made = 0;
function newCase(person: string, more: Partial<Case> = {}): Case {
  made += 1;
  return {
    id: `cas_${String(made).padStart(26, '0')}`,
    kind: 'offboarding',
    person,
    generation: 2,
    status: 'waiting',
    trigger: 'event',
    reason: 'gone',
    dry_run: false,
    hold: false,
    execution_arn: `arn:${made}`,
    started_at: `2026-11-22T09:00:${String(made).padStart(2, '0')}.000Z`,
    ...more,
  };
}

function sealOf(one: Case): Seal {
  const closing = closeOn(hashOpening(openingOf(one)), one.id, {
    status: 'cancelled',
    message: 'back',
    closed_at: 'now',
    key_arn: 'arn:key',
  });
  return { closing, signature: { alg: 'ES256', kid: 'k', value: 'v' }, public_key: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' } };
}

async function stored(one: Case) {
  return (await readCase(table, one.id)) ?? expect.fail('the case is not there');
}

const again: ByFact = { person: 'per_5', reason: 'gone again', trigger: 'event', generation: 4, cause: 'event-2' };

describe('the lock of a person', () => {
  it('lets one case be open, and the next one once it is closed', async () => {
    const [first, second] = [newCase('per_1'), newCase('per_1')];
    const both = await Promise.all([open(table, first, 'a'), open(table, second, 'b')]);
    expect(both.filter(Boolean)).toHaveLength(1);
    const [winner, loser] = both[0] ? [first, second] : [second, first];
    expect(await readCase(table, loser.id)).toBeUndefined();
    expect(await close(table, await stored(winner), await readLock(table, 'per_1'), sealOf(winner), [])).toBe(true);
    expect(await open(table, loser, 'b')).toBe(true);
    expect(await readLock(table, 'per_1')).toEqual({ case_id: loser.id, state: 'held' });
  });

  it('is not taken by a dry run, and not let go by one', async () => {
    const [real, dry] = [newCase('per_2'), newCase('per_2', { dry_run: true })];
    await open(table, real, undefined);
    expect(await open(table, dry, undefined)).toBe(true);
    await close(table, await stored(dry), await readLock(table, 'per_2'), sealOf(dry), []);
    expect(await readLock(table, 'per_2')).toMatchObject({ case_id: real.id, state: 'held' });
  });

  it('keeps what comes while a case is open: word left while it closes makes the closing look again', async () => {
    const one = newCase('per_5');
    await open(table, one, 'event-1');
    const lockBefore = await readLock(table, 'per_5');
    expect(await leaveWord(table, 'per_5', one.id, again)).toBe(true);
    expect(await close(table, await stored(one), lockBefore, sealOf(one), [])).toBe(false);
    expect((await stored(one)).closed_at).toBeUndefined();
    expect(await close(table, await stored(one), await readLock(table, 'per_5'), sealOf(one), [])).toBe(true);
    expect(await stored(one)).toMatchObject({ status: 'cancelled', follow_up: again });
    expect(await readLock(table, 'per_5')).toEqual({ case_id: one.id, state: 'free' });
    expect(await leaveWord(table, 'per_5', one.id, again), 'nobody would read it any more').toBe(false);
    expect(await readSeal(table, one.id)).toEqual(sealOf(one));
  });
});

describe('the chain of a case', () => {
  it('takes each number once, and none after the closing', async () => {
    const one = newCase('per_3');
    await open(table, one, undefined);
    const rest = { seq: 1, phase: 'cut' as const, results: [], truth: { truth: 'left' }, at: '2026-11-22T09:01:00.000Z' };
    const link = linkTo(hashOpening(openingOf(one)), one.id, rest);
    const before = await stored(one);
    expect(await Promise.all([append(table, before, link, []), append(table, before, link, [])])).toContain(false);
    expect(await readChain(table, one.id)).toEqual([link]);
    expect(await stored(one)).toMatchObject({ status: 'cut', cut_at: rest.at, links: 1 });
    await close(table, await stored(one), await readLock(table, 'per_3'), sealOf(one), []);
    const late = linkTo(link.hash, one.id, { ...rest, seq: 2, phase: 'proven' });
    expect(await append(table, await stored(one), late, [])).toBe(false);
  });
});

describe('the cases of a person', () => {
  it('come newest first, page by page, and nobody else’s', async () => {
    for (let number = 0; number < 5; number++) await open(table, newCase('per_4', { dry_run: true }), undefined);
    const first = await casesOf(table, 'per_4', 3);
    const second = await casesOf(table, 'per_4', 3, first.next);
    const ids = [...first.cases, ...second.cases].map(({ id }) => id);
    expect(ids).toHaveLength(5);
    expect(ids).toEqual([...ids].sort().reverse());
    expect(second.next).toBeUndefined();
  });
});
