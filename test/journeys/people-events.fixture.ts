/**
 * What each identity provider sends, as data: the members that its events have where they matter, whom they are about, and what is true afterwards.
 * Everything but the victim is a bystander's: an adapter that took the actor for the victim would change somebody else.
 */
import type { Deed, Known } from './people.fixture.ts';

export const tenant = '84bd8158-6d4d-4958-8b9f-9d6445542f95';
const oktaBus = 'aws.partner/okta.com/acme/gatehouse';
const auth0Bus = 'aws.partner/auth0.com/acme/gatehouse';
const userPoolId = 'us-east-1_LOCALPOOL';
const identityStoreId = 'd-0123456789';

export interface Victim {
  id: string;
  email: string;
  /** As tokens of their provider write them; of Entra ID without the tenant. */
  subject: string;
}

export interface BusEvent {
  source: string;
  'detail-type': string;
  detail: object;
}
/** `path` below `/hooks`; a `set` is the claims of a security event token about the victim. */
export type Delivery = { bus: string; event: BusEvent } | { hook: 'okta' | 'entra' | 'authentik'; body: object } | { set: object };

/** @param about of the bystander who does it, and of what makes each event one. */
type Tell = (victim: Victim, about: { actor: string; cause: string; group: string }) => Delivery;

export interface Telling {
  /** Makes the address: one word. */
  name: string;
  idp: 'okta' | 'entra' | 'cognito' | 'identity-center' | 'auth0' | 'google';
  /** Nobody has told of them before. */
  isNew?: true;
  /** What happened, without a word of the provider's own. */
  deed?: Deed;
  /** Absent: found by asking, as the audit log of Google Workspace is. */
  tell?: Tell;
  ends: Partial<Known>;
  /** They had a session, which is over. */
  signedOut?: true;
}

const at = '2026-11-22T09:30:00.000Z';

const logEvent = (eventType: string, targets: object[], actor: string, cause: string, result = 'SUCCESS') => ({
  uuid: cause,
  published: at,
  eventType,
  legacyEventType: 'core.user',
  severity: 'INFO',
  actor: { id: actor, type: 'User', alternateId: 'admin@example.com', displayName: 'Admin', detailEntry: null },
  outcome: { result, reason: null },
  target: targets,
  debugContext: { debugData: { requestUri: '/api/v1/users' } },
});
const user = (id: string) => ({ id, type: 'User', alternateId: 'unknown', displayName: 'Somebody', detailEntry: null });
const userGroup = (id: string) => ({ id, type: 'UserGroup', alternateId: 'unknown', displayName: 'ended', detailEntry: null });
const oktaEvent = (detail: object): Delivery => ({
  bus: oktaBus,
  event: { source: oktaBus, 'detail-type': 'SystemLog', detail },
});
const okta =
  (eventType: string): Tell =>
  ({ id }, { actor, cause, group }) => {
    const ofGroup = eventType.startsWith('group.user_membership') ? [userGroup(group)] : [];
    return oktaEvent(logEvent(eventType, [...ofGroup, user(id)], actor, cause));
  };

const trail = (eventSource: string, eventName: string, actor: string, cause: string, more: object): Delivery => ({
  bus: 'default',
  event: {
    source: `aws.${eventSource.split('.')[0]}`,
    'detail-type': 'AWS API Call via CloudTrail',
    detail: {
      eventVersion: '1.10',
      userIdentity: { type: 'AssumedRole', principalId: actor, accountId: '000000000000' },
      eventTime: at,
      eventSource,
      eventName,
      responseElements: null,
      eventID: cause,
      readOnly: false,
      managementEvent: true,
      ...more,
    },
  },
});
const hidden = 'HIDDEN_DUE_TO_SECURITY_REASONS';
const cognito =
  (eventName: string, more: object = {}): Tell =>
  ({ subject }, { actor, cause }) =>
    trail('cognito-idp.amazonaws.com', eventName, actor, cause, {
      requestParameters: { userPoolId, username: hidden, ...more },
      additionalEventData: { sub: subject },
    });
const byConsole =
  (eventName: string): Tell =>
  ({ subject }, { actor, cause, group }) =>
    trail('sso-directory.amazonaws.com', eventName, actor, cause, {
      requestParameters: {
        identityStoreId,
        ...(eventName.endsWith('Group') ? { groupId: group, member: { memberId: subject } } : { userId: subject }),
      },
    });
const pushed =
  (eventName: 'CreateUser' | 'PatchUser'): Tell =>
  ({ subject }, { actor, cause }) =>
    trail('identitystore-scim.amazonaws.com', eventName, actor, cause, {
      requestParameters: {
        tenantId: 't-0123456789ab',
        httpBody: { active: true, userName: hidden },
        ...(eventName === 'PatchUser' && { id: subject }),
      },
      responseElements: { id: subject, userName: hidden },
    });

const auth0Event = (type: string, cause: string, object: object, more: object = {}): Delivery => ({
  bus: auth0Bus,
  event: {
    source: auth0Bus,
    'detail-type': type,
    detail: {
      specversion: '1.0',
      type,
      source: 'urn:auth0:acme.us',
      id: cause,
      time: at,
      data: { object },
      a0tenant: 'acme',
      a0stream: 'est_1',
      ...more,
    },
  },
});
const auth0 =
  (type: string, more: object = {}): Tell =>
  ({ subject, email }, { cause }) =>
    auth0Event(type, cause, { user_id: subject, email, email_verified: true, ...more });

const notification = (cause: string, kind: 'Users' | 'Groups', id: string, more: object = {}, data: object = {}): Delivery => ({
  hook: 'entra',
  body: {
    value: [
      {
        id: cause,
        subscriptionId: '7f105c7d-2dc5-4530-97cd-4e7ae6534c07',
        changeType: 'updated',
        resource: `${kind}/${id}`,
        tenantId: tenant,
        resourceData: {
          '@odata.type': `#Microsoft.Graph.${kind.slice(0, -1)}`,
          id,
          organizationId: tenant,
          sequenceNumber: 639041970000000000,
          ...data,
        },
        ...more,
      },
    ],
  },
});

const caep = 'https://schemas.openid.net/secevent/caep/event-type/';

const out: Deed = ['PATCH', '/users/{id}', { active: false }];
const suspended: Deed = ['PATCH', '/users/{id}', { suspended: true }];
const gone: Deed = ['DELETE', '/users/{id}'];
const named: Deed = ['PATCH', '/users/{id}', { name: 'New Name' }];
const dropped: Deed = ['DELETE', '/groups/staff/members/{id}'];
const added: Deed = ['PUT', '/groups/readers/members/{id}'];

const left = { status: 'left', generation: 2 };
const here = { status: 'active', generation: 1, groups: ['staff'] };
const dropping = { status: 'active', generation: 1, groups: [] };

export const tellings: readonly Telling[] = [
  { name: 'okta-create', idp: 'okta', isNew: true, tell: okta('user.lifecycle.create'), ends: here },
  { name: 'okta-activate', idp: 'okta', isNew: true, tell: okta('user.lifecycle.activate'), ends: here },
  { name: 'okta-deactivate', idp: 'okta', deed: out, tell: okta('user.lifecycle.deactivate'), ends: left },
  {
    name: 'okta-suspend',
    idp: 'okta',
    deed: suspended,
    tell: okta('user.lifecycle.suspend'),
    ends: { status: 'suspended', generation: 2 },
  },
  { name: 'okta-delete', idp: 'okta', deed: gone, tell: okta('user.lifecycle.delete.initiated'), ends: left },
  { name: 'okta-deactivate-that-was-undone', idp: 'okta', tell: okta('user.lifecycle.deactivate'), ends: here },
  { name: 'okta-reactivate-that-was-undone', idp: 'okta', deed: out, tell: okta('user.lifecycle.reactivate'), ends: left },
  { name: 'okta-group-remove', idp: 'okta', deed: dropped, tell: okta('group.user_membership.remove'), ends: dropping },
  {
    name: 'okta-group-add',
    idp: 'okta',
    deed: added,
    tell: okta('group.user_membership.add'),
    ends: { ...here, groups: ['readers', 'staff'] },
  },
  { name: 'okta-profile', idp: 'okta', deed: named, tell: okta('user.account.update_profile'), ends: { ...here, name: 'New Name' } },
  {
    name: 'okta-hook',
    idp: 'okta',
    deed: out,
    tell: ({ id }, { actor, cause }) => ({
      hook: 'okta',
      body: {
        eventType: 'com.okta.event_hook',
        data: {
          events: [
            logEvent('user.session.start', [user(actor)], id, `${cause}-0`),
            logEvent('user.lifecycle.deactivate', [user(id)], actor, cause),
          ],
        },
      },
    }),
    ends: left,
  },
  {
    name: 'ssf-session-revoked',
    idp: 'okta',
    tell: () => ({ set: { [`${caep}session-revoked`]: { event_timestamp: 1_615_304_991_643 } } }),
    ends: { ...here, groups: ['engineering'] },
    signedOut: true,
  },
  {
    name: 'ssf-credential-change',
    idp: 'okta',
    tell: () => ({ set: { [`${caep}credential-change`]: { credential_type: 'password', change_type: 'revoke' } } }),
    ends: { ...here, groups: ['engineering'] },
    signedOut: true,
  },
  {
    name: 'authentik-mapped',
    idp: 'okta',
    deed: out,
    tell: ({ id }, { actor, cause }) => ({
      hook: 'authentik',
      body: {
        event_id: cause,
        action: 'model_updated',
        actor: { pk: actor },
        model: { app: 'authentik_core', model_name: 'user', pk: 42, uid: id, name: 'somebody' },
      },
    }),
    ends: left,
  },
  {
    name: 'entra-created',
    idp: 'entra',
    isNew: true,
    tell: ({ subject }, { cause }) => notification(cause, 'Users', subject),
    ends: here,
  },
  { name: 'entra-updated', idp: 'entra', deed: out, tell: ({ subject }, { cause }) => notification(cause, 'Users', subject), ends: left },
  {
    name: 'entra-deleted',
    idp: 'entra',
    deed: gone,
    tell: ({ subject }, { cause }) => notification(cause, 'Users', subject, { changeType: 'deleted' }),
    ends: left,
  },
  {
    name: 'entra-group',
    idp: 'entra',
    deed: dropped,
    tell: ({ subject }, { cause, group }) =>
      notification(cause, 'Groups', group, {}, { 'members@delta': [{ id: subject, '@removed': 'deleted' }] }),
    ends: dropping,
  },
  { name: 'cognito-create', idp: 'cognito', isNew: true, tell: cognito('AdminCreateUser'), ends: here },
  { name: 'cognito-disable', idp: 'cognito', deed: out, tell: cognito('AdminDisableUser'), ends: left },
  { name: 'cognito-delete', idp: 'cognito', deed: gone, tell: cognito('AdminDeleteUser'), ends: left },
  {
    name: 'cognito-group',
    idp: 'cognito',
    deed: dropped,
    tell: cognito('AdminRemoveUserFromGroup', { groupName: 'staff' }),
    ends: dropping,
  },
  { name: 'identity-center-scim-create', idp: 'identity-center', isNew: true, tell: pushed('CreateUser'), ends: here },
  { name: 'identity-center-scim-patch', idp: 'identity-center', deed: out, tell: pushed('PatchUser'), ends: left },
  { name: 'identity-center-disable', idp: 'identity-center', deed: out, tell: byConsole('DisableUser'), ends: left },
  { name: 'identity-center-group', idp: 'identity-center', deed: dropped, tell: byConsole('RemoveMemberFromGroup'), ends: dropping },
  { name: 'auth0-created', idp: 'auth0', isNew: true, tell: auth0('user.created'), ends: here },
  { name: 'auth0-blocked', idp: 'auth0', deed: out, tell: auth0('user.updated', { blocked: true }), ends: left },
  { name: 'auth0-deleted', idp: 'auth0', deed: gone, tell: auth0('user.deleted', { blocked: true, deleted_at: at }), ends: left },
  {
    name: 'auth0-group',
    idp: 'auth0',
    deed: dropped,
    tell: ({ subject }, { cause }) =>
      auth0Event('group.member.deleted', cause, {
        group: { id: 'grp_1', type: 'connection' },
        member: { member_type: 'user', id: subject },
      }),
    ends: dropping,
  },
  { name: 'google-suspend', idp: 'google', deed: suspended, ends: { status: 'suspended', generation: 2 } },
  { name: 'google-group', idp: 'google', deed: dropped, ends: dropping },
];

export interface Silence {
  name: string;
  tell: Tell;
  /** The rule that keeps it away, or the function and its words. */
  why: { rule: string } | { function: string; says: string };
}

export const silences: readonly Silence[] = [
  {
    name: 'okta-failed',
    tell: ({ id }, { actor, cause }) => oktaEvent(logEvent('user.lifecycle.deactivate', [user(id)], actor, cause, 'FAILURE')),
    why: { rule: 'hear-okta' },
  },
  { name: 'okta-of-another-type', tell: okta('user.session.start'), why: { rule: 'hear-okta' } },
  {
    name: 'okta-without-a-victim',
    tell: ({ id }, { cause }) => oktaEvent(logEvent('user.lifecycle.deactivate', [{ id: '0oa1', type: 'AppInstance' }], id, cause)),
    why: { function: 'hear-okta', says: 'user.lifecycle.deactivate names nobody whom it is about' },
  },
  {
    name: 'okta-about-a-stranger',
    tell: (_, { actor, cause }) => oktaEvent(logEvent('user.lifecycle.deactivate', [user('00ustranger000000000')], actor, cause)),
    why: { function: 'hear-okta', says: 'unknown to us and to the directory' },
  },
  {
    name: 'scim-that-failed',
    tell: ({ subject }, { actor, cause }) =>
      trail('identitystore-scim.amazonaws.com', 'PatchUser', actor, cause, {
        requestParameters: { tenantId: 't-1', id: subject },
        errorCode: 'ValidationException',
      }),
    why: { rule: 'hear-cloudtrail' },
  },
  { name: 'cognito-reading', tell: cognito('AdminGetUser'), why: { rule: 'hear-cloudtrail' } },
  {
    name: 'cognito-of-another-pool',
    tell: cognito('AdminDisableUser', { userPoolId: 'us-east-1_OTHER' }),
    why: { function: 'hear-cloudtrail', says: 'its directory is not in the profile' },
  },
  {
    name: 'cognito-without-a-sub',
    tell: (_, { actor, cause }) =>
      trail('cognito-idp.amazonaws.com', 'AdminDisableUser', actor, cause, { requestParameters: { userPoolId, username: hidden } }),
    why: { function: 'hear-cloudtrail', says: 'AdminDisableUser of cognito-idp.amazonaws.com names nobody by id' },
  },
  { name: 'auth0-of-another-type', tell: auth0('organization.created'), why: { rule: 'hear-auth0' } },
  {
    name: 'auth0-trial',
    tell: ({ subject }, { cause }) => auth0Event('user.deleted', cause, { user_id: subject }, { a0purpose: 'test' }),
    why: { function: 'hear-auth0', says: 'user.deleted was sent to try the stream' },
  },
  {
    name: 'entra-lifecycle',
    tell: (_, { cause }) => ({
      hook: 'entra',
      body: { value: [{ subscriptionId: cause, tenantId: tenant, lifecycleEvent: 'reauthorizationRequired' }] },
    }),
    why: { function: 'hooks', says: 'reauthorizationRequired of subscription' },
  },
  {
    name: 'entra-of-another-tenant',
    tell: ({ subject }, { cause }) => notification(cause, 'Users', subject, { tenantId: 'another-tenant' }),
    why: { function: 'hooks', says: 'another-tenant' },
  },
  {
    name: 'authentik-unmapped',
    tell: ({ email }) => ({
      hook: 'authentik',
      body: { body: 'user_write: {}', severity: 'notice', user_email: email, event_user_email: 'admin@example.com' },
    }),
    why: { function: 'hooks', says: 'give the webhook transport the body mapping' },
  },
  {
    name: 'ssf-verification',
    tell: () => ({ set: { 'https://schemas.openid.net/secevent/ssf/event-type/verification': { state: 'x' } } }),
    why: { function: 'hooks', says: 'ssf/event-type/verification' },
  },
];
