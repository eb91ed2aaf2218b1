import { describe, expect, it } from 'vitest';
import { type Look, sightOf } from './quiet.ts';

const looks = (...states: Look[]) => new Map(states.map((state, index) => [`key replica-${index}`, state]));
const blocked: Look = { at: 'blocked', spend: 1 };

describe('one look at keys on every replica', () => {
  it.each<[string, Look[], string]>([
    ['dead when every replica calls each blocked or gone', [blocked, { at: 'gone' }], 'dead'],
    ['alive when one lives on one replica', [blocked, { at: 'live' }, { at: 'unknown' }], 'alive'],
    ['unknown while one replica cannot be asked', [blocked, { at: 'unknown' }], 'unknown'],
  ])('finds them %s', (_, states, expected) => {
    expect(sightOf(looks(...states)).state).toBe(expected);
  });

  it('is another picture when a key has spent, or is gone, since', () => {
    const before = sightOf(looks(blocked, blocked)).picture;
    expect(sightOf(looks(blocked, blocked)).picture).toBe(before);
    expect(sightOf(looks(blocked, { at: 'blocked', spend: 2 })).picture).not.toBe(before);
    expect(sightOf(looks(blocked, { at: 'gone' })).picture).not.toBe(before);
  });
});
