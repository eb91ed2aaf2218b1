/**
 * CloudTrail of the embedded stack, for the calls that the product listens to: an event on the default bus for each that did what it was asked. It
 * keeps no trail. (AWS CloudTrail User Guide, "CloudTrail record contents" and "userIdentity element"; Step Functions hides inputs.)
 */
import { randomUUID } from 'node:crypto';
import { type AwsCall, type AwsService, account, region } from './service.ts';

export interface TrailEvent {
  source: string;
  'detail-type': string;
  detail: Readonly<Record<string, unknown>>;
}

interface Options {
  /** e.g. `states`. */
  service: string;
  /** What of an answer CloudTrail writes down; the calls that have none are not told. */
  calls: Readonly<
    Record<
      string,
      (input: Readonly<Record<string, unknown>>, answer: Readonly<Record<string, unknown>>) => { request: object; response: object }
    >
  >;
  isFunction: (caller: string) => boolean;
  now: () => number;
  emit: (event: TrailEvent) => void;
}

/** The same service, whose calls are told once they are answered. */
export function trailed(service: AwsService, { service: name, calls, isFunction, now, emit }: Options): AwsService {
  const operations = { ...service.operations };
  for (const [operation, tell] of Object.entries(calls)) {
    const run = service.operations[operation];
    if (!run) throw new Error(`${name} has no operation ${operation}`);
    operations[operation] = async (input, call) => {
      const answer = (await run(input, call)) as Readonly<Record<string, unknown>>;
      const { request, response } = tell(input, answer);
      emit({
        source: `aws.${name}`,
        'detail-type': 'AWS API Call via CloudTrail',
        detail: {
          eventVersion: '1.11',
          userIdentity: userIdentity(call, isFunction),
          eventTime: new Date(now()).toISOString().replace(/\.\d+Z$/, 'Z'),
          eventSource: `${name}.amazonaws.com`,
          eventName: operation,
          awsRegion: region,
          requestParameters: request,
          responseElements: response,
          requestID: call.requestId,
          eventID: randomUUID(),
          readOnly: false,
          eventType: 'AwsApiCall',
          managementEvent: true,
          recipientAccountId: account,
          eventCategory: 'Management',
        },
      });
      return answer;
    };
  }
  return { ...service, operations };
}

/** What CloudTrail calls StartExecution's members. */
export const startExecution: Options['calls'][string] = ({ stateMachineArn, name }, { executionArn, startDate }) => ({
  request: { stateMachineArn, ...(name !== undefined && { name }), input: 'HIDDEN_DUE_TO_SECURITY_REASONS' },
  response: { executionArn, startDate },
});

/** An access key id that is an address is a session of IAM Identity Center, as of an admin in the console; another is an IAM user's. */
export function userIdentity({ caller }: Pick<AwsCall, 'caller'>, isFunction: (caller: string) => boolean): Record<string, unknown> {
  const common = { accountId: account, accessKeyId: caller };
  if (!isFunction(caller) && !caller.includes('@'))
    return { type: 'IAMUser', principalId: `AIDA${caller}`, arn: `arn:aws:iam::${account}:user/${caller}`, userName: caller, ...common };
  const role = isFunction(caller) ? caller : 'AWSReservedSSO_PlatformAdmins_0123456789abcdef';
  const path = isFunction(caller) ? '' : 'aws-reserved/sso.amazonaws.com/';
  return {
    type: 'AssumedRole',
    principalId: `AROA${isFunction(caller) ? caller : 'PLATFORMADMINS'}:${caller}`,
    arn: `arn:aws:sts::${account}:assumed-role/${role}/${caller}`,
    ...common,
    sessionContext: {
      sessionIssuer: {
        type: 'Role',
        principalId: `AROA${role}`,
        arn: `arn:aws:iam::${account}:role/${path}${role}`,
        accountId: account,
        userName: role,
      },
    },
  };
}
