/** Proves who may be answered from memory. */
import { describe, expect, it } from 'vitest';
import { createLastServed } from './last-served.ts';
import { delivery } from './settings.ts';

const bearer = { person: 'per_a', session: 'ses_a', epoch: 2 };
const body = delivery({ cleanupPeriodDays: 1 });
const base = delivery({});

describe('what was last served', () => {
  it('goes to its own person, the base to others', () => {
    const memory = createLastServed();
    expect(memory.recall(bearer)).toBeUndefined();
    memory.remember(bearer, body);
    memory.rememberBase(base);
    expect(memory.recall(bearer)).toEqual({ from: 'person', delivered: body });
    expect(memory.recall({ ...bearer, person: 'per_b' })).toEqual({ from: 'base', delivered: base });
  });

  it('is not given to a token of an older epoch, nor to a session seen refused', () => {
    const memory = createLastServed();
    memory.remember(bearer, body);
    memory.rememberBase(base);
    expect(memory.recall({ ...bearer, epoch: 1 })).toBeUndefined();
    memory.forget(bearer);
    expect(memory.recall(bearer)).toBeUndefined();
    expect(memory.recall({ ...bearer, session: 'ses_b' })).toMatchObject({ from: 'base' });
  });

  it('keeps no more than it may', () => {
    const memory = createLastServed(1);
    memory.remember(bearer, body);
    memory.remember({ ...bearer, person: 'per_b' }, body);
    expect(memory.recall(bearer)).toBeUndefined();
    expect(memory.recall({ ...bearer, person: 'per_b' })).toMatchObject({ from: 'person' });
  });
});
