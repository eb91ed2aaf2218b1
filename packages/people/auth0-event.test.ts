import { describe, expect, it } from 'vitest';
import { hear } from './auth0-event.ts';

const user = { user_id: 'auth0|507f1f77bcf86cd799439020', email: 'john@example.com', blocked: false };
const event = { specversion: '1.0', type: 'user.updated', id: 'evt_1', data: { object: user, context: { tenant: { id: 'acme' } } } };
const member = { group: { id: 'grp_1', type: 'tenant' }, member: { member_type: 'user', id: user.user_id } };
const of = (type: string, object: object) => hear({ ...event, type, data: { object } });

describe('an event of Auth0’s stream', () => {
  it('about a user is about that user, whatever it says of them', () => {
    expect(hear(event)).toEqual({ ok: true, value: { cause: 'evt_1', subject: user.user_id, group: undefined, leaving: false } });
  });
  it.each([
    ['a block', 'user.updated', { ...user, blocked: true }],
    ['a deletion', 'user.deleted', user],
  ])('that tells of %s hints at a leaving', (_, type, object) => {
    expect(of(type, object)).toMatchObject({ ok: true, value: { subject: user.user_id, leaving: true } });
  });
  it('of membership is about the member; of a connection in a group about the whole group', () => {
    expect(of('group.member.deleted', member)).toMatchObject({ ok: true, value: { subject: user.user_id, leaving: false } });
    const connection = { ...member, member: { member_type: 'connection', id: 'con_1' } };
    expect(of('group.member.added', connection)).toMatchObject({ ok: true, value: { subject: undefined, group: { id: 'grp_1' } } });
  });
  it('of a group that changed or ended is about everybody in it', () => {
    const value = { subject: undefined, group: { id: 'grp_1', name: 'engineering' }, leaving: false };
    expect(of('group.deleted', { id: 'grp_1', name: 'engineering' })).toMatchObject({ ok: true, value });
    expect(of('group.updated', { id: 'grp_1', name: 'engineering' })).toMatchObject({ ok: true, value });
  });
  it.each([
    ['test', { ...event, a0purpose: 'test' }],
    ['not_ours', { ...event, type: 'organization.member.added' }],
    ['not_ours', { ...event, type: '__proto__' }],
    ['nobody', { ...event, data: { object: { email: 'john@example.com' } } }],
    ['malformed', { ...event, data: null }],
    ['malformed', 'text'],
  ])('does nothing and says %s', (reason, detail) => {
    expect(hear(detail)).toMatchObject({ ok: false, refusal: { reason } });
  });
});
