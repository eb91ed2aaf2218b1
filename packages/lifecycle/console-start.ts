/**
 * Finds in a CloudTrail event which execution somebody started, and who they say they are. A name counts only where AWS itself wrote it: the user
 * name in a session of IAM Identity Center. Any other role's session is named by whoever assumes it.
 * @see AWS CloudTrail User Guide, "CloudTrail userIdentity element"
 */
import { ok, type Result, refuse } from '@gatehouse/core/result';
import * as z from 'zod';

const Detail = z.looseObject({
  eventName: z.literal('StartExecution'),
  errorCode: z.string().nullish(),
  userIdentity: z.looseObject({
    arn: z.string().max(2_048),
    sessionContext: z.looseObject({ sessionIssuer: z.looseObject({ arn: z.string() }).nullish() }).nullish(),
    /** The identity store's id of the person, where Identity Center passes it on. */
    onBehalfOf: z.looseObject({ userId: z.string() }).nullish(),
  }),
  responseElements: z.looseObject({ executionArn: z.string() }),
});

export interface ConsoleStart {
  execution_arn: string;
  /** The ARN of whoever called. */
  principal: string;
  /** What the directory may know them by, the surest first. */
  names: string[];
}

const identityCenterRole = /^arn:[a-z-]+:iam::\d{12}:role\/aws-reserved\/sso\.amazonaws\.com\//;

/** @param json detail of an EventBridge event "AWS API Call via CloudTrail". */
export function startIn(json: unknown): Result<ConsoleStart, string> {
  const parsed = Detail.safeParse(json);
  if (!parsed.success) return refuse(z.prettifyError(parsed.error));
  const { errorCode, userIdentity, responseElements } = parsed.data;
  if (errorCode) return refuse(`the start failed: ${errorCode}`);
  const { arn, sessionContext, onBehalfOf } = userIdentity;
  const ofIdentityCenter = identityCenterRole.test(sessionContext?.sessionIssuer?.arn ?? '');
  const userName = ofIdentityCenter ? arn.slice(arn.lastIndexOf('/') + 1) : undefined;
  const names = [ofIdentityCenter ? onBehalfOf?.userId : undefined, userName].filter((name): name is string => !!name);
  return ok({ execution_arn: responseElements.executionArn, principal: arn, names });
}
