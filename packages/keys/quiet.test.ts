import { describe, expect, it } from 'vitest';
import { type Look, unwatched, verdict, watch } from './quiet.ts';

const quietMs = 120_000;
const looks = (...states: Look[]) => new Map(states.map((state, index) => [`key replica-${index}`, state]));
const blocked: Look = { at: 'blocked', spend: 1 };

describe('keys under watch', () => {
  it('are dead once every replica has said so, unchanged, for twice the cache', () => {
    let seen = watch(unwatched, looks(blocked, { at: 'gone' }), 0);
    expect(verdict(seen, 0, quietMs)).toBe('watching');
    seen = watch(seen, looks(blocked, { at: 'gone' }), quietMs - 1);
    expect(verdict(seen, quietMs - 1, quietMs)).toBe('watching');
    seen = watch(seen, looks(blocked, { at: 'gone' }), quietMs);
    expect(verdict(seen, quietMs, quietMs)).toBe('dead');
  });

  it.each<[string, Look]>([
    ['lives on one replica', { at: 'live' }],
    ['cannot be seen on one replica', { at: 'unknown' }],
    ['is spending, so that some replica still serves it', { at: 'blocked', spend: 2 }],
  ])('begin anew when one %s', (_, look) => {
    let seen = watch(unwatched, looks(blocked, blocked), 0);
    seen = watch(seen, looks(blocked, look), 60_000);
    seen = watch(seen, looks(blocked, blocked), 119_000);
    seen = watch(seen, looks(blocked, blocked), quietMs);
    expect(verdict(seen, quietMs, quietMs)).toBe('watching');
    seen = watch(seen, looks(blocked, blocked), 119_000 + quietMs);
    expect(verdict(seen, 119_000 + quietMs, quietMs)).toBe('dead');
  });

  it('are alive, for a person to look at, when one has lived on as long', () => {
    let seen = watch(unwatched, looks({ at: 'live' }), 0);
    seen = watch(seen, looks({ at: 'unknown' }), 60_000);
    seen = watch(seen, looks({ at: 'live' }), quietMs);
    expect(verdict(seen, quietMs, quietMs)).toBe('alive');
  });
});
