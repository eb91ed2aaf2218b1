import { describe, expect, it } from 'vitest';
import { startIn } from './console-start.ts';

const execution = 'arn:aws:states:eu-central-1:123456789012:execution:gatehouse-prod-offboarding:one';
/** As AWS CloudTrail records it for somebody signed in by IAM Identity Center. */
const event = {
  eventSource: 'states.amazonaws.com',
  eventName: 'StartExecution',
  userIdentity: {
    type: 'AssumedRole',
    principalId: 'AROAEXAMPLE:carol@example.com',
    arn: 'arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admins_0123456789abcdef/carol@example.com',
    sessionContext: {
      sessionIssuer: {
        type: 'Role',
        arn: 'arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Admins_0123456789abcdef',
      },
    },
  },
  requestParameters: { stateMachineArn: 'arn:aws:states:eu-central-1:123456789012:stateMachine:gatehouse-prod-offboarding:live' },
  responseElements: { executionArn: execution, startDate: 'Nov 22, 2026' },
};
type Other = Readonly<Record<string, unknown>>;
const by = (identity: Other) => startIn({ ...event, userIdentity: { ...event.userIdentity, ...identity } });

describe('a start that CloudTrail tells of', () => {
  it('names the execution, and the person of an Identity Center session', () => {
    expect(startIn(event)).toEqual({
      ok: true,
      value: { execution_arn: execution, principal: event.userIdentity.arn, names: ['carol@example.com'] },
    });
    expect(by({ onBehalfOf: { userId: '906-1' } })).toMatchObject({ value: { names: ['906-1', 'carol@example.com'] } });
  });

  it.each<[string, Other]>([
    [
      'another role, whose sessions are named by whoever assumes it',
      { sessionContext: { sessionIssuer: { type: 'Role', arn: 'arn:aws:iam::123456789012:role/AWSReservedSSO_Admins_0123456789abcdef' } } },
    ],
    ['an IAM user', { arn: 'arn:aws:iam::123456789012:user/carol@example.com', sessionContext: undefined }],
    [
      'another role that says on whose behalf',
      { sessionContext: { sessionIssuer: { type: 'Role', arn: 'arn:aws:iam::123456789012:role/Ops' } }, onBehalfOf: { userId: '906-1' } },
    ],
  ])('by %s names nobody', (_, identity) => {
    expect(by(identity)).toMatchObject({ ok: true, value: { names: [] } });
  });

  it.each<[string, unknown]>([
    ['that failed', { ...event, errorCode: 'AccessDenied' }],
    ['of another call', { ...event, eventName: 'StopExecution' }],
    ['without an execution', { ...event, responseElements: null }],
    ['that is none', null],
  ])('%s is not heard', (_, json) => {
    expect(startIn(json).ok).toBe(false);
  });
});
