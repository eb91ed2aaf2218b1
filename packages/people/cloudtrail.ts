/**
 * Finds in one CloudTrail event whom it happened to: of a Cognito user pool, of IAM Identity Center's console and API, and of its SCIM endpoint, which
 * hides names. The victim is in requestParameters or responseElements; userIdentity is who did it. Events are pings.
 */
import { ok, type Result, refuse } from '@gatehouse/core/result';
import * as z from 'zod';

export const eventSources = [
  'cognito-idp.amazonaws.com',
  'sso-directory.amazonaws.com',
  'identitystore.amazonaws.com',
  'identitystore-scim.amazonaws.com',
] as const;

/** What is heard, and whether it says that somebody is leaving. */
const cognito: Readonly<Record<string, boolean>> = {
  AdminCreateUser: false,
  AdminConfirmSignUp: false,
  AdminEnableUser: false,
  AdminDisableUser: true,
  AdminDeleteUser: true,
  AdminUpdateUserAttributes: false,
  AdminAddUserToGroup: false,
  AdminRemoveUserFromGroup: false,
  DeleteGroup: false,
};
const identityCenter: Readonly<Record<string, boolean>> = {
  CreateUser: false,
  UpdateUser: false,
  PatchUser: false,
  PutUser: false,
  EnableUser: false,
  DisableUser: true,
  DeleteUser: true,
  AddMemberToGroup: false,
  RemoveMemberFromGroup: false,
  CreateGroupMembership: false,
  PatchGroup: false,
  UpdateGroup: false,
  DeleteGroup: false,
};
const heard: Readonly<Record<string, Readonly<Record<string, boolean>>>> = {
  'cognito-idp.amazonaws.com': cognito,
  'sso-directory.amazonaws.com': identityCenter,
  'identitystore.amazonaws.com': identityCenter,
  'identitystore-scim.amazonaws.com': identityCenter,
};

/** For the rule's pattern. */
export const heardEventNames: readonly string[] = [...new Set([...Object.keys(cognito), ...Object.keys(identityCenter)])];

const Id = z.string().min(1).max(256);
const Detail = z.object({
  eventSource: z.string(),
  eventName: z.string(),
  eventID: z.string().min(1),
  errorCode: z.string().nullish(),
  requestParameters: z
    .looseObject({
      userPoolId: z.string().optional(),
      identityStoreId: z.string().optional(),
      userId: Id.optional(),
      groupId: Id.optional(),
      groupName: z.string().optional(),
      id: Id.optional(),
      member: z.looseObject({ memberId: Id.optional() }).optional(),
      memberId: z.looseObject({ userId: Id.optional() }).optional(),
    })
    .nullish(),
  responseElements: z
    .looseObject({ id: Id.optional(), userId: Id.optional(), user: z.looseObject({ userId: Id.optional() }).optional() })
    .nullish(),
  additionalEventData: z.looseObject({ sub: Id.optional() }).nullish(),
});
type Detail = z.infer<typeof Detail>;

export interface Trailed {
  cause: string;
  kind: 'cognito' | 'identity-center';
  /** The user pool or identity store, where the event names it. */
  place: string | undefined;
  subject: string | undefined;
  group: string | undefined;
  leaving: boolean;
}

export type Untrailed = { reason: 'malformed' | 'not_ours' | 'nobody'; detail: string };

/** @param json detail of an EventBridge event "AWS API Call via CloudTrail". */
export function hear(json: unknown): Result<Trailed, Untrailed> {
  const parsed = Detail.safeParse(json);
  if (!parsed.success) return refuse({ reason: 'malformed', detail: z.prettifyError(parsed.error) });
  const { eventSource, eventName, eventID: cause, errorCode, requestParameters } = parsed.data;
  const names = Object.hasOwn(heard, eventSource) ? heard[eventSource] : undefined;
  const leaving = names && Object.hasOwn(names, eventName) ? names[eventName] : undefined;
  if (leaving === undefined) return refuse({ reason: 'not_ours', detail: `${eventName} of ${eventSource}` });
  if (errorCode) return refuse({ reason: 'not_ours', detail: `${eventName} failed: ${errorCode}` });
  const isCognito = eventSource === 'cognito-idp.amazonaws.com';
  const subject = isCognito ? parsed.data.additionalEventData?.sub : userOf(parsed.data);
  const group = subject === undefined ? groupOf(parsed.data, isCognito) : undefined;
  if (subject === undefined && group === undefined)
    return refuse({ reason: 'nobody', detail: `${eventName} of ${eventSource} names nobody by id` });
  const place = isCognito ? requestParameters?.userPoolId : requestParameters?.identityStoreId;
  return ok({ cause, kind: isCognito ? 'cognito' : 'identity-center', place, subject, group, leaving });
}

function userOf({ eventName, eventSource, requestParameters: request, responseElements: response }: Detail): string | undefined {
  const member = request?.member?.memberId ?? request?.memberId?.userId;
  if (member !== undefined) return member;
  if (eventName.endsWith('Group')) return undefined;
  const ofScim = eventSource === 'identitystore-scim.amazonaws.com' ? (request?.id ?? response?.id) : undefined;
  return request?.userId ?? ofScim ?? response?.user?.userId ?? response?.userId;
}

/** Of a group that changed whole: its SCIM id, its id, or in Cognito its name. */
function groupOf({ eventName, requestParameters: request }: Detail, isCognito: boolean): string | undefined {
  if (!eventName.endsWith('Group')) return undefined;
  return isCognito ? request?.groupName : (request?.groupId ?? request?.id);
}
