import { describe, expect, it } from 'vitest';
import { nextPage, readGroups, readUser, saysNotFound } from './okta-user.ts';

const user = {
  id: '00ualice000000000000',
  status: 'ACTIVE',
  lastUpdated: '2026-11-16T18:15:12.000Z',
  profile: { login: 'alice@example.com', email: 'alice@example.com', firstName: 'Alice', lastName: 'Archer' },
};

describe('an Okta user', () => {
  it.each([
    ['ACTIVE', 'active'],
    ['PROVISIONED', 'active'],
    ['RECOVERY', 'active'],
    ['LOCKED_OUT', 'active'],
    ['PASSWORD_EXPIRED', 'active'],
    ['SUSPENDED', 'suspended'],
    ['DEPROVISIONED', 'deactivated'],
    ['STAGED', 'staged'],
  ])('in state %s is %s', (status, word) => {
    expect(readUser({ ...user, status })).toMatchObject({ ok: true, value: { word, profile: { name: 'Alice Archer' } } });
  });

  it('in a state that we do not know is refused, not taken for a leaver', () => {
    expect(readUser({ ...user, status: 'HIBERNATING' })).toMatchObject({ ok: false });
    expect(readUser({ ...user, status: 'constructor' })).toMatchObject({ ok: false });
  });

  it.each([{}, [], null, { ...user, id: '' }, { ...user, profile: {} }])('that is none is refused', (json) => {
    expect(readUser(json)).toMatchObject({ ok: false });
  });

  it('without an e-mail is found by the login', () => {
    expect(readUser({ ...user, profile: { login: 'alice@example.com', email: null } })).toMatchObject({
      ok: true,
      value: { profile: { email: 'alice@example.com', name: 'alice@example.com' } },
    });
  });
});

describe('Okta’s other answers', () => {
  it('lists groups by name, or not at all', () => {
    expect(readGroups([{ id: '00g1', profile: { name: 'engineering' } }])).toEqual({
      ok: true,
      value: [{ id: '00g1', name: 'engineering' }],
    });
    expect(readGroups([{ id: '00g1', profile: {} }])).toMatchObject({ ok: false });
    expect(readGroups({ errorCode: 'E0000009' })).toMatchObject({ ok: false });
  });

  it('says "not found" in its own words only', () => {
    expect(saysNotFound({ errorCode: 'E0000007', errorSummary: 'Not found' })).toBe(true);
    expect(saysNotFound({ message: 'no such route' })).toBe(false);
    expect(saysNotFound(undefined)).toBe(false);
  });

  it('links to its next page', () => {
    expect(nextPage('<https://a/x?limit=1>; rel="self", <https://a/x?after=1>; rel="next"')).toBe('https://a/x?after=1');
    expect(nextPage('<https://a/x>; rel="self"')).toBeUndefined();
    expect(nextPage(null)).toBeUndefined();
  });
});
