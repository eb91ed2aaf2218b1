/** Proves who may be answered from memory, and what is written down again. */
import { describe, expect, it } from 'vitest';
import { createLastServed, createNoted } from './last-served.ts';
import { delivery } from './settings.ts';

const bearer = { person: 'per_a', session: 'ses_a', epoch: 2 };
const body = delivery({ cleanupPeriodDays: 1 });

describe('what was last served', () => {
  it('goes to its own person alone', () => {
    const memory = createLastServed();
    expect(memory.recall(bearer)).toBeUndefined();
    memory.remember(bearer, body);
    expect(memory.recall(bearer)).toEqual(body);
    expect(memory.recall({ ...bearer, person: 'per_b' })).toBeUndefined();
  });

  it('is told apart from what was served before, by content and by epoch', () => {
    const memory = createLastServed();
    expect([body, body, delivery({})].map((one) => memory.remember(bearer, one))).toEqual([true, false, true]);
    expect(memory.remember({ ...bearer, epoch: 3 }, delivery({}))).toBe(true);
  });

  it('is not given to a token of an older epoch, nor to a session seen refused', () => {
    const memory = createLastServed();
    memory.remember(bearer, body);
    expect(memory.recall({ ...bearer, epoch: 1 })).toBeUndefined();
    memory.forget(bearer);
    expect(memory.recall(bearer)).toBeUndefined();
    expect([memory.isDead(bearer), memory.isDead({ ...bearer, session: 'ses_b' })]).toEqual([true, false]);
  });

  it('keeps no more than it may', () => {
    const memory = createLastServed(1);
    memory.remember(bearer, body);
    memory.remember({ ...bearer, person: 'per_b' }, body);
    expect(memory.recall(bearer)).toBeUndefined();
    expect(memory.recall({ ...bearer, person: 'per_b' })).toEqual(body);
  });
});

describe('what was written down', () => {
  it('is written again when it differs, when an hour went by, and when the writing failed', () => {
    const noted = createNoted();
    expect([0, 1].map((now) => noted.isNew('ses_a', 'one', now))).toEqual([true, false]);
    expect(noted.isNew('ses_b', 'one', 1)).toBe(true);
    expect(noted.isNew('ses_a', 'two', 2)).toBe(true);
    expect(noted.isNew('ses_a', 'two', 3_600_002)).toBe(true);
    noted.forget('ses_a');
    expect(noted.isNew('ses_a', 'two', 3_600_003)).toBe(true);
  });
});
