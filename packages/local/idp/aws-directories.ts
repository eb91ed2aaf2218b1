/**
 * The company's people who are in AWS's own directories, through the operations that a reader calls: a Cognito user pool and the Identity Store of
 * IAM Identity Center, as services of the embedded AWS endpoint. What is done to them comes as CloudTrail events on the default bus.
 */
import { randomUUID } from 'node:crypto';
import { AwsError, type AwsService, account, region } from '../aws/service.ts';
import { type Change, type Directory, type Home, homeOf, type Person, uuidOf } from './directory.ts';

export const userPoolId = 'us-east-1_LOCALPOOL';
export const identityStoreId = 'd-0123456789';

export interface AwsDirectories {
  services: readonly AwsService[];
  /** From now on they show this directory; before, nobody is in them. */
  show(directory: Directory): void;
}

// biome-ignore lint/suspicious/noExplicitAny: an operation's input is whatever the SDK sent; each operation checks what it reads.
type Input = any;

export function createAwsDirectories(): AwsDirectories {
  let shown: Directory | undefined;
  const people = (home: Home) => shown?.people().filter((person) => homeOf(person) === home) ?? [];
  const groupsOf = (person: Person) => shown?.groupsOf(person) ?? [];
  const groups = () => shown?.groups() ?? [];

  function poolOf({ UserPoolId }: Input): Person[] {
    if (UserPoolId !== userPoolId) throw new AwsError('ResourceNotFoundException', `User pool ${UserPoolId} does not exist.`);
    return people('cognito');
  }
  function storeOf({ IdentityStoreId }: Input): Person[] {
    if (IdentityStoreId !== identityStoreId) throw new AwsError('ResourceNotFoundException', 'IDENTITY_STORE not found.');
    return people('identity-center');
  }
  function storedUser(input: Input, id: unknown): Person {
    const person = storeOf(input).find((one) => uuidOf(one.id) === id);
    if (!person) throw new AwsError('ResourceNotFoundException', 'USER not found.', { extra: { ResourceType: 'USER', ResourceId: id } });
    return person;
  }
  function storedGroup(input: Input) {
    storeOf(input);
    const group = groups().find(({ id }) => uuidOf(id) === input.GroupId);
    if (!group)
      throw new AwsError('ResourceNotFoundException', 'GROUP not found.', { extra: { ResourceType: 'GROUP', ResourceId: input.GroupId } });
    return group;
  }

  const cognito: AwsService = {
    targets: ['AWSCognitoIdentityProviderService'],
    json: '1.1',
    operations: {
      ListUsers: (input: Input) => {
        const [, name, value] = /^(\w+)\s*=\s*"((?:[^"\\]|\\.)*)"$/.exec(String(input.Filter ?? '')) ?? [];
        if (input.Filter !== undefined && (name === undefined || !['sub', 'email', 'username'].includes(name)))
          throw new AwsError('InvalidParameterException', 'Error while parsing filter.');
        const wanted = value?.replace(/\\(.)/g, '$1').toLowerCase();
        const found = poolOf(input).filter(
          (person) => name === undefined || (name === 'email' ? person.email.toLowerCase() : uuidOf(person.id)) === wanted,
        );
        const { items, next } = paged(found, input.Limit ?? 60, input.PaginationToken);
        return { Users: items.map(cognitoUser), ...(next !== undefined && { PaginationToken: next }) };
      },
      AdminListGroupsForUser: (input: Input) => {
        const person = poolOf(input).find(({ id }) => uuidOf(id) === input.Username);
        if (!person) throw new AwsError('UserNotFoundException', 'User does not exist.');
        const { items, next } = paged(groupsOf(person), input.Limit ?? 60, input.NextToken);
        return {
          Groups: items.map(({ name }) => ({ GroupName: name, UserPoolId: userPoolId })),
          ...(next !== undefined && { NextToken: next }),
        };
      },
      ListUsersInGroup: (input: Input) => {
        const group = groups().find(({ name }) => name === input.GroupName);
        if (!group) throw new AwsError('ResourceNotFoundException', 'Group not found.');
        const found = poolOf(input).filter((person) => person.groups.includes(group.id));
        const { items, next } = paged(found, input.Limit ?? 60, input.NextToken);
        return { Users: items.map(cognitoUser), ...(next !== undefined && { NextToken: next }) };
      },
    },
  };
  const identityStore: AwsService = {
    targets: ['AWSIdentityStore'],
    json: '1.1',
    operations: {
      DescribeUser: (input: Input) => storeUser(storedUser(input, input.UserId)),
      ListUsers: (input: Input) => {
        const wanted = input.Filters?.[0]?.AttributeValue?.toLowerCase();
        const found = storeOf(input).filter((person) => wanted === undefined || person.email.toLowerCase() === wanted);
        const { items, next } = paged(found, input.MaxResults ?? 100, input.NextToken);
        return { Users: items.map(storeUser), ...(next !== undefined && { NextToken: next }) };
      },
      ListGroupMembershipsForMember: (input: Input) => {
        const person = storedUser(input, input.MemberId?.UserId);
        const { items, next } = paged(groupsOf(person), input.MaxResults ?? 100, input.NextToken);
        return { GroupMemberships: items.map((group) => membership(group.id, person)), ...(next !== undefined && { NextToken: next }) };
      },
      DescribeGroup: (input: Input) => {
        const group = storedGroup(input);
        return { IdentityStoreId: identityStoreId, GroupId: uuidOf(group.id), DisplayName: group.name };
      },
      ListGroupMemberships: (input: Input) => {
        const group = storedGroup(input);
        const found = storeOf(input).filter((person) => person.groups.includes(group.id));
        const { items, next } = paged(found, input.MaxResults ?? 100, input.NextToken);
        return { GroupMemberships: items.map((person) => membership(group.id, person)), ...(next !== undefined && { NextToken: next }) };
      },
    },
  };
  function show(directory: Directory): void {
    shown = directory;
  }
  return { services: [cognito, identityStore], show };
}

function paged<T>(all: readonly T[], limit: number, token: unknown): { items: readonly T[]; next: string | undefined } {
  const from = token === undefined || token === null ? 0 : Number(token);
  if (!Number.isInteger(from) || from < 0) throw new AwsError('InvalidParameterException', 'Invalid pagination token.');
  return { items: all.slice(from, from + limit), next: from + limit < all.length ? String(from + limit) : undefined };
}

const seconds = (text: string) => Date.parse(text) / 1000;

function cognitoUser(person: Person): object {
  const attributes = { sub: uuidOf(person.id), email: person.email, email_verified: 'true', name: person.name };
  return {
    Username: uuidOf(person.id),
    Attributes: Object.entries(attributes).map(([Name, Value]) => ({ Name, Value })),
    UserCreateDate: seconds(person.created),
    UserLastModifiedDate: seconds(person.lastUpdated),
    Enabled: person.status === 'ACTIVE' || person.status === 'STAGED',
    UserStatus: person.status === 'STAGED' ? 'UNCONFIRMED' : 'CONFIRMED',
  };
}

function storeUser(person: Person): object {
  return {
    IdentityStoreId: identityStoreId,
    UserId: uuidOf(person.id),
    UserName: person.email,
    DisplayName: person.name,
    UserStatus: person.status === 'ACTIVE' ? 'ENABLED' : 'DISABLED',
    Emails: [{ Value: person.email, Type: 'work', Primary: true }],
    UpdatedAt: seconds(person.lastUpdated),
  };
}

function membership(group: string, person: Person): object {
  return {
    IdentityStoreId: identityStoreId,
    MembershipId: uuidOf(`${group} ${person.id}`),
    GroupId: uuidOf(group),
    MemberId: { UserId: uuidOf(person.id) },
  };
}

/** How each thing that happens in a directory is called in CloudTrail, for the two services. */
const names: Readonly<Record<string, { cognito: string; identityCenter: string }>> = {
  'user.lifecycle.create': { cognito: 'AdminCreateUser', identityCenter: 'CreateUser' },
  'user.lifecycle.activate': { cognito: 'AdminEnableUser', identityCenter: 'EnableUser' },
  'user.lifecycle.reactivate': { cognito: 'AdminEnableUser', identityCenter: 'EnableUser' },
  'user.lifecycle.unsuspend': { cognito: 'AdminEnableUser', identityCenter: 'EnableUser' },
  'user.lifecycle.suspend': { cognito: 'AdminDisableUser', identityCenter: 'DisableUser' },
  'user.lifecycle.deactivate': { cognito: 'AdminDisableUser', identityCenter: 'DisableUser' },
  'user.lifecycle.delete.initiated': { cognito: 'AdminDeleteUser', identityCenter: 'DeleteUser' },
  'user.account.update_profile': { cognito: 'AdminUpdateUserAttributes', identityCenter: 'UpdateUser' },
  'group.user_membership.add': { cognito: 'AdminAddUserToGroup', identityCenter: 'AddMemberToGroup' },
  'group.user_membership.remove': { cognito: 'AdminRemoveUserFromGroup', identityCenter: 'RemoveMemberFromGroup' },
  'group.lifecycle.delete': { cognito: 'DeleteGroup', identityCenter: 'DeleteGroup' },
  'group.profile.update': { cognito: 'UpdateGroup', identityCenter: 'UpdateGroup' },
};

export type TrailEvent = NonNullable<ReturnType<typeof trailEvent>>;

/** As it stands on the default bus; names are masked as CloudTrail masks them. Undefined where CloudTrail says nothing. */
export function trailEvent({ eventType, person, group }: Change, home: 'cognito' | 'identity-center', now: number) {
  const name = names[eventType];
  if (!name) return undefined;
  const isCognito = home === 'cognito';
  // Cognito's groups have names for ids, which nothing changes.
  if (isCognito && eventType === 'group.profile.update') return undefined;
  const id = person && uuidOf(person.id);
  const requestParameters = isCognito
    ? { userPoolId, ...(id && { username: 'HIDDEN_DUE_TO_SECURITY_REASONS' }), ...(group && { groupName: group.name }) }
    : {
        identityStoreId,
        ...(group
          ? { groupId: uuidOf(group.id), ...(id && { member: { memberId: id } }) }
          : eventType !== 'user.lifecycle.create' && { userId: id }),
      };
  const at = new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'AWS API Call via CloudTrail',
    source: isCognito ? 'aws.cognito-idp' : 'aws.sso-directory',
    account,
    time: at,
    region,
    resources: [],
    detail: {
      eventVersion: '1.10',
      userIdentity: { type: 'AssumedRole', arn: `arn:aws:sts::${account}:assumed-role/IdentityOps/helen`, accountId: account },
      eventTime: at,
      eventSource: isCognito ? 'cognito-idp.amazonaws.com' : 'sso-directory.amazonaws.com',
      eventName: isCognito ? name.cognito : name.identityCenter,
      awsRegion: region,
      requestParameters,
      responseElements: !isCognito && eventType === 'user.lifecycle.create' ? { user: { userId: id } } : null,
      ...(isCognito && id && { additionalEventData: { sub: id } }),
      requestID: randomUUID(),
      eventID: randomUUID(),
      readOnly: false,
      eventType: 'AwsApiCall',
      managementEvent: true,
      recipientAccountId: account,
      eventCategory: 'Management',
    },
  };
}
