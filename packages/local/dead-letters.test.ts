/** Proves that what cannot be delivered lands in its queue as AWS would put it there, and that the deployed alarm sees it. */

import { GetQueueUrlCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { deadLettersName } from '@gatehouse/contracts/names';
import { publisher } from '@gatehouse/contracts/stream-filter';
import type { Surface } from '@gatehouse/contracts/surface';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCloudWatch } from './aws/cloudwatch/cloudwatch.ts';
import { createEvents } from './aws/events/events.ts';
import { createAwsFaults } from './aws/faults.ts';
import { depthMetrics } from './aws/messages/depth-metrics.ts';
import { createMessages } from './aws/messages/messages.ts';
import { AwsError } from './aws/service.ts';
import { listen, type TestEndpoint } from './aws/test-endpoint.ts';
import { createClock } from './clock.ts';
import { createDeadLetters, deadLetterArn, deadLetterQueues } from './dead-letters.ts';
import { createFunctions } from './functions.ts';
import type { LambdaHost } from './lambda/contract.ts';

const surface: Surface = {
  capability: 'people',
  table: true,
  entries: { hear: { handler: 'x.y', timeoutSeconds: 1, memoryMb: 128 }, publish: { handler: 'x.z', timeoutSeconds: 1, memoryMb: 128 } },
  rules: [{ name: 'hear', bus: 'default', pattern: { source: ['x'] }, entry: 'hear' }],
  streams: [publisher],
};
const clock = createClock(() => Date.parse('2026-03-01T12:00:20Z'));
const messages = createMessages({ clock, origin: 'http://127.0.0.1:1', queues: deadLetterQueues([surface]) });
const warnings: string[] = [];
const deadLetters = createDeadLetters({ surfaces: [surface], messages, clock, warn: (line) => warnings.push(line) });
let endpoint: TestEndpoint;
let sqs: SQSClient;
beforeAll(async () => {
  endpoint = await listen([], clock, { whole: messages.services });
  sqs = new SQSClient({ ...endpoint.client, useQueueUrlAsEndpoint: false });
});
afterAll(async () => {
  await endpoint.close();
  await messages.close();
  clock.close();
});

async function letter() {
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: deadLettersName('local', 'people') }));
  const { Messages: [message] = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ['All'], VisibilityTimeout: 3600 }),
  );
  const attributes = Object.entries(message?.MessageAttributes ?? {}).map(([name, { StringValue }]) => [name, StringValue]);
  return { body: JSON.parse(message?.Body ?? 'null'), attributes: Object.fromEntries(attributes) };
}
/** A host whose function always fails, and is done at once. */
const failing: LambdaHost = {
  register: () => {},
  has: () => true,
  functions: () => [],
  invoke: async () => ({ error: { errorType: 'Error', errorMessage: 'no' } }),
  invokeAsync: (_name, event, options) => options?.onFailure?.(event, { errorType: 'Error', errorMessage: 'no' }),
  busy: () => 0,
  environments: () => 0,
  close: async () => {},
};

describe('the dead letters of a capability', () => {
  it('hold an event that a target never took, with the reason in attributes', async () => {
    const events = createEvents({
      clock,
      deliver: async () => {
        throw new AwsError('ResourceNotFoundException', 'There is no function x');
      },
      onDead: deadLetters.undelivered,
    });
    const call = (operation: string, input: object) => events.service.operations[operation]?.(input, { caller: 'test', requestId: 'test' });
    await call('PutRule', { Name: 'hear', EventPattern: '{"source":["x"]}' });
    const Arn = 'arn:aws:lambda:us-east-1:000000000000:function:x:live';
    const Target = { Id: 'hear', Arn, RetryPolicy: { MaximumRetryAttempts: 1 }, DeadLetterConfig: { Arn: deadLetterArn(surface) } };
    await call('PutTargets', { Rule: 'hear', Targets: [Target] });
    events.publish('default', { source: 'x', 'detail-type': 'y', detail: { a: 1 } });
    while (messages.inFlight() === 0 && messages.depths() === undefined) {
      await new Promise(setImmediate);
      clock.advance(2);
    }
    while (messages.inFlight() > 0) await new Promise(setImmediate);
    const { body, attributes } = await letter();
    expect(body).toMatchObject({ source: 'x', 'detail-type': 'y', detail: { a: 1 } });
    expect(attributes).toEqual({
      RULE_ARN: 'arn:aws:events:us-east-1:000000000000:rule/hear',
      TARGET_ARN: Arn,
      ERROR_CODE: 'NO_RESOURCE',
      ERROR_MESSAGE: 'There is no function x',
      EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
      RETRY_ATTEMPTS: '1',
    });
    events.close();
  });

  it('hold what a function gave up on, with its request and its error', async () => {
    const faults = createAwsFaults(clock, async () => ({}));
    let told: Promise<void> | undefined;
    const functions = createFunctions(failing, {
      faults,
      clock,
      onGaveUp: (...gone) => {
        told = deadLetters.gaveUp(...gone);
      },
    });
    functions.invokeAsync('gatehouse-local-people-hear', { id: 'evt_1' });
    await told;
    expect((await letter()).body).toMatchObject({
      version: '1.0',
      requestContext: {
        functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:gatehouse-local-people-hear:live',
        condition: 'RetriesExhausted',
        approximateInvokeCount: 3,
      },
      requestPayload: { id: 'evt_1' },
      responseContext: { functionError: 'Unhandled' },
      responsePayload: { errorType: 'Error', errorMessage: 'no' },
    });
  });

  it('name the stream records that a function could not handle', async () => {
    const records = ['1', '2'].map((SequenceNumber) => ({ dynamodb: { SequenceNumber, ApproximateCreationDateTime: 1_772_366_400 } }));
    await deadLetters.skipped('gatehouse-local-people-publish', 'arn:stream', records, 21, undefined);
    expect((await letter()).body).toMatchObject({
      requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 21 },
      DDBStreamBatchInfo: {
        startSequenceNumber: '1',
        endSequenceNumber: '2',
        batchSize: 2,
        streamArn: 'arn:stream',
        approximateArrivalOfFirstRecord: '2026-03-01T12:00:00.000Z',
      },
    });
  });

  it('hold the payload of a schedule whose function is not there', async () => {
    await deadLetters.unreached({
      scheduleArn: 'arn:schedule',
      targetArn: 'arn:target',
      queueArn: deadLetterArn(surface),
      executionId: 'id',
      scheduledTime: '2026-03-01T12:00:00Z',
      payload: '{"a":1}',
      attempts: 1,
      error: new AwsError('ResourceNotFoundException', 'gone'),
    });
    expect(await letter()).toMatchObject({
      body: { a: 1 },
      attributes: {
        SCHEDULE_ARN: 'arn:schedule',
        SCHEDULED_TIME: '2026-03-01T12:00:00Z',
        RETRY_ATTEMPTS: '0',
        IS_PAYLOAD_TRUNCATED: 'false',
      },
    });
  });

  it('are told of in words when there is no queue for them', async () => {
    await deadLetters.gaveUp('some-other-function', {}, { errorType: 'Error', errorMessage: 'no' }, 3);
    expect(warnings.at(-1)).toBe('some-other-function gave up on an event: Error: no; it has no dead-letter queue');
  });

  it('ring their alarm while they are there, through a jump of the clock, and no longer', async () => {
    const states: string[] = [];
    const cloudwatch = createCloudWatch({
      clock,
      onAlarm: ({ detail }) => states.push((detail as { state: { value: string } }).state.value),
      beforeLook: depthMetrics(messages, (point) => cloudwatch.put(point)),
    });
    await cloudwatch.service.operations.PutMetricAlarm?.(
      {
        AlarmName: 'dead-letters',
        Namespace: 'AWS/SQS',
        MetricName: 'ApproximateNumberOfMessagesVisible',
        Dimensions: [{ Name: 'QueueName', Value: deadLettersName('local', 'people') }],
        Statistic: 'Maximum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 0,
        ComparisonOperator: 'GreaterThanThreshold',
        TreatMissingData: 'notBreaching',
      },
      { caller: 'test', requestId: 'test' },
    );
    clock.advance(60);
    await deadLetters.gaveUp('gatehouse-local-people-hear', {}, { errorType: 'Error', errorMessage: 'no' }, 3);
    clock.advance(60);
    clock.advance(3 * 3600);
    expect(states).toEqual(['OK', 'ALARM']);
    await letter();
    clock.advance(120);
    expect(states).toEqual(['OK', 'ALARM', 'OK']);
    cloudwatch.close();
  });
});
