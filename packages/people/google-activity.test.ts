import { describe, expect, it } from 'vitest';
import { Activity, hear } from './google-activity.ts';

const john = { name: 'USER_EMAIL', value: 'john@example.com' };
const group = { name: 'GROUP_EMAIL', value: 'Claude-Code@example.com' };
const activity = (name: string, parameters: object[]) =>
  Activity.parse({
    kind: 'admin#reports#activity',
    id: { time: '2026-01-15T09:30:00.123Z', uniqueQualifier: '-7213466113893923456', applicationName: 'admin' },
    actor: { callerType: 'USER', email: 'admin@example.com' },
    events: [{ type: 'USER_SETTINGS', name, parameters }],
  });

describe('an activity of Google Workspace’s audit log', () => {
  it.each([
    ['SUSPEND_USER', true],
    ['ARCHIVE_USER', true],
    ['DELETE_USER', true],
    ['CREATE_USER', false],
    ['UNSUSPEND_USER', false],
  ])('%s is about whom it names, not about who did it', (name, leaving) => {
    expect(hear(activity(name, [john]))).toEqual([{ ok: true, value: { emails: ['john@example.com'], group: undefined, leaving } }]);
  });
  it('of membership is about the member', () => {
    expect(hear(activity('REMOVE_GROUP_MEMBER', [group, john]))).toMatchObject([{ ok: true, value: { emails: ['john@example.com'] } }]);
  });
  it('of a rename is about both addresses', () => {
    const renamed = activity('RENAME_USER', [john, { name: 'NEW_VALUE', value: 'jon@example.com' }]);
    expect(hear(renamed)).toMatchObject([{ ok: true, value: { emails: ['john@example.com', 'jon@example.com'] } }]);
  });
  it('of a group that ended is about whoever was in it', () => {
    expect(hear(activity('DELETE_GROUP', [group]))).toMatchObject([{ ok: true, value: { group: 'claude-code@example.com' } }]);
  });
  it.each([
    ['not_ours', 'CHANGE_PASSWORD', [john]],
    ['not_ours', 'constructor', [john]],
    ['nobody', 'SUSPEND_USER', []],
    ['nobody', 'DELETE_GROUP', [john]],
  ])('does nothing and says %s', (reason, name, parameters) => {
    expect(hear(activity(name, parameters))).toMatchObject([{ ok: false, refusal: { reason } }]);
  });
});
