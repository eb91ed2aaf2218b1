import type { Person } from '@gatehouse/contracts/records/person';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { introduce, type Reading, reconcile, type Told } from './reconcile.ts';

const at = (second: number) => new Date(Date.UTC(2026, 10, 22, 9, 0, second)).toISOString();
const profile = { email: 'alice@example.com', name: 'Alice Archer', groups: ['engineering'] };
const reading: Reading & { profile: typeof profile } = {
  status: 'active',
  profile,
  readAt: at(10),
  changedAt: at(5),
  evidence: 'explicit',
  source: 'okta-log-stream',
  cause: 'event-1',
};
const alice: Person = introduce({ ...reading, readAt: at(0), changedAt: at(0) }, 'per_1', {
  issuer: 'https://idp',
  subject: '00u1',
}).person;

const types = (facts: readonly Told[] | undefined) => facts?.map(({ type }) => type);

describe('somebody we did not know', () => {
  it('joins', () => {
    const { person, facts } = introduce(reading, 'per_1', { issuer: 'https://idp', subject: '00u1' });
    expect(person).toMatchObject({ id: 'per_1', status: 'active', generation: 1, groups: ['engineering'], hold: false });
    expect(facts).toEqual([
      { type: 'person-joined', detail: { person: 'per_1', generation: 1, cause: 'event-1', groups: ['engineering'] } },
    ]);
  });

  it('who has left already leaves, so that what others gave them is taken back', () => {
    const { facts } = introduce({ ...reading, status: 'left' }, 'per_1', { issuer: 'https://idp', subject: '00u1' });
    expect(types(facts)).toEqual(['person-left']);
  });
});

describe('a reading', () => {
  it('that says what we know changes the time alone', () => {
    expect(reconcile(alice, reading)).toEqual({ person: { ...alice, read_at: at(10), truth_at: at(5) }, facts: [] });
  });

  it('of somebody suspended, deactivated or deleted is a leaving of a new generation', () => {
    for (const status of ['suspended', 'left'] as const) {
      const done = reconcile(alice, { ...reading, status });
      expect(done?.person).toMatchObject({ status, generation: 2 });
      expect(types(done?.facts)).toEqual(['person-left', 'person-changed']);
    }
  });

  it('of somebody deleted keeps what we knew of them', () => {
    const { profile: _profile, changedAt: _changedAt, ...gone } = reading;
    expect(reconcile(alice, { ...gone, status: 'left' })?.person).toMatchObject({
      email: alice.email,
      groups: ['engineering'],
      truth_at: at(0),
    });
  });

  it('of a suspension that became a deactivation is a leaving again', () => {
    const suspended = { ...alice, status: 'suspended' as const, generation: 2 };
    const done = reconcile(suspended, { ...reading, status: 'left' });
    expect(done?.person.generation).toBe(3);
    expect(types(done?.facts)).toEqual(['person-left', 'person-changed']);
  });

  it('of somebody who is active again is a return, with the groups they have now', () => {
    const done = reconcile({ ...alice, status: 'left', generation: 2 }, { ...reading, profile: { ...profile, groups: ['sales'] } });
    expect(done?.person).toMatchObject({ status: 'active', generation: 3, groups: ['sales'] });
    expect(types(done?.facts)).toEqual(['person-returned', 'person-changed']);
  });

  it('of other groups is a move within the generation', () => {
    const done = reconcile(alice, { ...reading, profile: { ...profile, groups: ['sales', 'ops', 'sales'] } });
    expect(done?.person).toMatchObject({ generation: 1, groups: ['ops', 'sales'] });
    expect(done?.facts[0]).toMatchObject({ type: 'person-moved', detail: { gained: ['ops', 'sales'], lost: ['engineering'] } });
  });

  it('of another name or address is neither a leaving nor a joining', () => {
    const done = reconcile(alice, { ...reading, profile: { ...profile, email: 'alice.archer@example.com' } });
    expect(types(done?.facts)).toEqual(['person-changed']);
    expect(done?.person.generation).toBe(1);
  });

  it('that began before the one on record is ignored, and so is a state older than the one on record', () => {
    const later = { ...alice, read_at: at(20) };
    expect(reconcile(later, { ...reading, status: 'left' })).toBeUndefined();
    expect(reconcile({ ...alice, truth_at: at(6) }, { ...reading, status: 'left' })).toBeUndefined();
  });
});

describe('any history', () => {
  const state = fc.record({
    status: fc.constantFrom('active' as const, 'suspended' as const, 'left' as const),
    groups: fc.uniqueArray(fc.constantFrom('a', 'b', 'c')),
    email: fc.constantFrom('alice@example.com', 'alice.archer@example.com'),
  });
  /** Readings of a directory that changes: each sees the state at its time, and is settled in any order, any number of times. */
  const history = fc
    .array(state, { minLength: 1, maxLength: 12 })
    .chain((states) => {
      const readings = states.map(
        ({ status, groups, email }, index): Reading => ({
          ...reading,
          status,
          profile: { email, name: 'Alice', groups },
          readAt: at(index + 1),
          changedAt: at(index + 1),
        }),
      );
      return fc.tuple(fc.constant(readings), fc.shuffledSubarray([...readings, ...readings], { minLength: 0 }));
    })
    // The last change is always followed by a reading that begins after it; where it settles is anybody's guess.
    .chain(([readings, settled]) => fc.tuple(fc.constant(readings.at(-1)), fc.constant(settled), fc.nat(settled.length)));

  it('in any order and with any repetition ends in the directory’s last word', () => {
    fc.assert(
      fc.property(history, ([last, settled, place]) => {
        if (!last) return;
        const order = [...settled.slice(0, place), last, ...settled.slice(place)];
        const person = order.reduce((known, one) => reconcile(known, one)?.person ?? known, alice);
        expect(person).toMatchObject({ status: last.status, email: last.profile?.email, groups: [...(last.profile?.groups ?? [])].sort() });
      }),
    );
  });

  it('never lets the generation fall, and raises it with each leaving and each return that is told', () => {
    fc.assert(
      fc.property(history, ([last, settled]) => {
        let person = alice;
        for (const one of last ? [...settled, last] : settled) {
          const done = reconcile(person, one);
          if (!done) continue;
          const turns = done.facts.filter(({ type }) => type === 'person-left' || type === 'person-returned').length;
          expect(done.person.generation).toBe(person.generation + turns);
          person = done.person;
        }
      }),
    );
  });

  it('tells nothing new when it is told again', () => {
    fc.assert(
      fc.property(history, ([last]) => {
        if (!last) return;
        const once = reconcile(alice, last)?.person ?? alice;
        expect(reconcile(once, last)?.facts ?? []).toEqual([]);
      }),
    );
  });
});
