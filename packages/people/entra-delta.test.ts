import { describe, expect, it } from 'vitest';
import { DeltaPage, groupsIn, isLost, usersIn } from './entra-delta.ts';

const page = (...value: object[]) =>
  DeltaPage.parse({ value, '@odata.deltaLink': 'https://graph.example.com/v1.0/users/delta?$deltatoken=1' });

describe('a delta of users', () => {
  it('is about each of them; whoever is removed may be leaving', () => {
    expect(usersIn(page({ id: 'u1', accountEnabled: false }, { id: 'u2', '@removed': { reason: 'changed' } })).users).toEqual([
      { id: 'u1', leaving: false },
      { id: 'u2', leaving: true },
    ]);
  });
});

describe('a delta of groups', () => {
  it('with members is about those who came or went', () => {
    const changes = groupsIn(page({ id: 'g1', 'members@delta': [{ id: 'u1' }, { id: 'u2', '@removed': { reason: 'deleted' } }] }));
    expect(changes).toEqual({
      users: [
        { id: 'u1', leaving: false },
        { id: 'u2', leaving: false },
      ],
      groups: [],
    });
  });
  it.each([
    ['was deleted', { id: 'g1', '@removed': { reason: 'changed' } }],
    ['has another name', { id: 'g1', displayName: 'platform' }],
    ['has another group in it', { id: 'g1', 'members@delta': [{ id: 'g2', '@odata.type': '#microsoft.graph.group' }] }],
  ])('that %s is about everybody in it', (_, entry) => {
    expect(groupsIn(page(entry))).toEqual({ users: [], groups: ['g1'] });
  });
});

describe('a state that is lost', () => {
  it.each([
    [410, undefined, true],
    [410, { error: { code: 'syncStateNotFound' } }, true],
    [400, { error: { code: 'SyncStateInvalid' } }, true],
    [400, { error: { code: 'Request_BadRequest' } }, false],
    [404, undefined, false],
    [503, undefined, false],
  ])('%s %j: %s', (status, json, lost) => {
    expect(isLost(status, json)).toBe(lost);
  });
});
