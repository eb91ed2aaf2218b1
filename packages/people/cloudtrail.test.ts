import { describe, expect, it } from 'vitest';
import { hear, heardEventNames } from './cloudtrail.ts';

const user = 'c4488478-a0e1-700e-3d75-96c6bb641596';
const who = { type: 'AssumedRole', arn: 'arn:aws:sts::123456789012:assumed-role/IdentityOps/ops' };
/** As CloudTrail writes it: names hidden, the actor beside. */
const cognito = {
  userIdentity: who,
  eventSource: 'cognito-idp.amazonaws.com',
  eventName: 'AdminDisableUser',
  requestParameters: { userPoolId: 'us-east-1_EXAMPLE01', username: 'HIDDEN_DUE_TO_SECURITY_REASONS' },
  responseElements: null,
  additionalEventData: { sub: 'a1b2c3d4-5678-90ab-cdef-EXAMPLE11111' },
  eventID: 'event-1',
};
const center = {
  userIdentity: who,
  eventSource: 'sso-directory.amazonaws.com',
  eventName: 'DisableUser',
  requestParameters: { identityStoreId: 'd-1234567890', userId: user },
  responseElements: null,
  eventID: 'event-2',
};
const scim = {
  userIdentity: { type: 'WebIdentityUser' },
  eventSource: 'identitystore-scim.amazonaws.com',
  eventName: 'PatchUser',
  requestParameters: { httpBody: { operations: [{ op: 'replace', path: 'active', value: false }] }, tenantId: 't-0123456789ab', id: user },
  responseElements: { id: user, active: false, userName: 'HIDDEN_DUE_TO_SECURITY_REASONS' },
  eventID: 'event-3',
};

describe('an event of CloudTrail', () => {
  it.each([
    [
      'AdminDisableUser',
      cognito,
      { kind: 'cognito', place: 'us-east-1_EXAMPLE01', subject: cognito.additionalEventData.sub, leaving: true },
    ],
    ['AdminDeleteUser', { ...cognito, eventName: 'AdminDeleteUser' }, { leaving: true }],
    ['AdminRemoveUserFromGroup', { ...cognito, eventName: 'AdminRemoveUserFromGroup' }, { leaving: false, group: undefined }],
    ['DisableUser', center, { kind: 'identity-center', place: 'd-1234567890', subject: user, leaving: true }],
    [
      'RemoveMemberFromGroup',
      {
        ...center,
        eventName: 'RemoveMemberFromGroup',
        requestParameters: { identityStoreId: 'd-1234567890', groupId: 'g-1', member: { memberId: user } },
      },
      { subject: user, group: undefined, leaving: false },
    ],
    ['PatchUser of SCIM', scim, { place: undefined, subject: user, leaving: false }],
    ['CreateUser of SCIM', { ...scim, eventName: 'CreateUser', requestParameters: { httpBody: {}, tenantId: 't' } }, { subject: user }],
    [
      'DeleteGroup of Cognito',
      { ...cognito, eventName: 'DeleteGroup', additionalEventData: undefined, requestParameters: { userPoolId: 'p', groupName: 'crew' } },
      { group: 'crew', subject: undefined },
    ],
  ])('%s names its victim and never its actor', (_, event, wanted) => {
    expect(hear(event)).toMatchObject({ ok: true, value: wanted });
    expect(JSON.stringify(hear(event))).not.toContain('IdentityOps');
  });

  it.each([
    ['that failed', { ...scim, errorCode: 'ValidationException' }, 'not_ours'],
    ['that only reads', { ...cognito, eventName: 'AdminGetUser' }, 'not_ours'],
    ['of another service', { ...cognito, eventSource: 's3.amazonaws.com' }, 'not_ours'],
    ['named like a member of every object', { ...cognito, eventName: 'constructor' }, 'not_ours'],
    ['that hides whom it is about', { ...cognito, additionalEventData: undefined }, 'nobody'],
    [
      'of a membership known by its own id alone',
      { ...center, eventName: 'DeleteUser', requestParameters: { membershipId: 'm-1' } },
      'nobody',
    ],
    ['that is none', 'AdminDisableUser', 'malformed'],
  ])('%s does nothing, and says why', (_, event, reason) => {
    expect(hear(event)).toMatchObject({ ok: false, refusal: { reason } });
  });

  it('is selected by the rule when it is heard', () => {
    expect(heardEventNames).toContain('AdminDisableUser');
    expect(heardEventNames).not.toContain('AdminGetUser');
  });
});
