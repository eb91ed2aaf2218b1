import { describe, expect, it } from 'vitest';
import { hear, heardEventTypes } from './okta-log.ts';

const victim = { id: '00uvictim00000000000', type: 'User', alternateId: 'john@example.com', displayName: 'John', detailEntry: null };
const group = { id: '00ggroup000000000000', type: 'UserGroup', alternateId: 'unknown', displayName: 'engineering', detailEntry: null };
const event = {
  uuid: 'ab62c0bc-2837-11eb-9823-9fb8f750c5a9',
  published: '2026-11-16T18:15:12.862Z',
  eventType: 'user.lifecycle.deactivate',
  actor: { id: '00uhelen000000000000', type: 'User', alternateId: 'helen@example.com', displayName: 'Helen' },
  outcome: { result: 'SUCCESS', reason: null },
  client: { zone: 'null' },
  target: [victim],
};

describe('an Okta System Log event', () => {
  it('names its victim, never its actor', () => {
    expect(hear(event)).toEqual({
      ok: true,
      value: { uuid: event.uuid, eventType: event.eventType, kind: 'leaving', victims: [victim.id], groups: [] },
    });
  });

  it('of a deleted group names the group, and a membership event names none', () => {
    const named = { kind: 'regrouping', victims: [], groups: [{ id: group.id, name: 'engineering' }] };
    expect(hear({ ...event, eventType: 'group.lifecycle.delete', target: [group] })).toMatchObject({ ok: true, value: named });
    const moved = hear({ ...event, eventType: 'group.user_membership.add', target: [victim, group] });
    expect(moved).toMatchObject({ ok: true, value: { groups: [] } });
  });

  it.each([
    ['before', [victim, group]],
    ['after', [group, victim]],
  ])('of a group names the user whether they stand %s the group', (_, target) => {
    expect(hear({ ...event, eventType: 'group.user_membership.remove', target })).toMatchObject({
      ok: true,
      value: { kind: 'moving', victims: [victim.id] },
    });
  });

  it('names several users, each once', () => {
    const other = { ...victim, id: '00uother000000000000' };
    expect(hear({ ...event, target: [victim, other, victim] })).toMatchObject({ ok: true, value: { victims: [victim.id, other.id] } });
  });

  it.each(['FAILURE', 'SKIPPED', 'ALLOW', 'DENY', 'CHALLENGE', 'UNKNOWN'])('that ended %s does nothing', (result) => {
    expect(hear({ ...event, outcome: { result } })).toMatchObject({ ok: false, refusal: { reason: 'not_ours' } });
  });

  it.each(['user.session.start', 'constructor', 'app.oauth2.as.token.grant'])('of type %s does nothing', (eventType) => {
    expect(heardEventTypes).not.toContain(eventType);
    expect(hear({ ...event, eventType })).toMatchObject({ ok: false, refusal: { reason: 'not_ours' } });
  });

  it.each([[[]], [null], [[group]]])('without a user among its targets does nothing', (target) => {
    expect(hear({ ...event, target })).toMatchObject({ ok: false, refusal: { reason: 'nobody' } });
  });

  it.each([null, 'SystemLog', {}, { ...event, uuid: '' }, { ...event, target: 'john' }])('that is none is malformed', (detail) => {
    expect(hear(detail)).toMatchObject({ ok: false, refusal: { reason: 'malformed' } });
  });
});
