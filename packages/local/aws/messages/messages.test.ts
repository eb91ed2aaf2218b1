/** Proves queues and topics with unmodified SDK clients that know nothing but the endpoint. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTopicCommand, PublishBatchCommand, PublishCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createClock } from '../../clock.ts';
import { createEndpoint } from '../endpoint.ts';
import { AwsError } from '../service.ts';
import { createMessages, type Messages, queueArn } from './messages.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-messages-'));
const clock = createClock();
let messages: Messages;
const invoked: [arn: string, event: unknown][] = [];
let server: Server;
let origin = '';

async function start(): Promise<void> {
  let late: Messages | undefined;
  // The port is known only when the endpoint listens; a restart gets another one.
  server = createEndpoint({
    services: [],
    clock,
    whole: ['sqs', 'sns'].map((name, index) => ({
      name,
      operationOf: (request) => late?.services[index]?.operationOf(request),
      answer: (request) => {
        const service = late?.services[index];
        if (!service) throw new AwsError('ServiceUnavailable', 'not yet');
        return service.answer(request);
      },
    })),
    authorize: (caller, target, operation) =>
      caller === 'some-function' ? new AwsError('AccessDeniedException', `${target}:${operation} is not allowed`) : undefined,
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  messages = createMessages({
    clock,
    invoke: (arn, event) => void invoked.push([arn, event]),
    origin,
    path: folder,
    queues: [{ name: 'letters', attributes: { MessageRetentionPeriod: '1209600' } }],
  });
  late = messages;
}
async function stop(): Promise<void> {
  server.closeAllConnections();
  server.close();
  await messages.close();
}
const config = (accessKeyId = 'person') => ({
  endpoint: origin,
  region: 'us-east-1',
  credentials: { accessKeyId, secretAccessKey: 'x' },
  maxAttempts: 1,
});

beforeAll(start);
afterAll(async () => {
  await stop();
  clock.close();
  rmSync(folder, { recursive: true });
});

describe('queues', () => {
  it('are not loaded before anybody asks for one', () => {
    expect(messages.depths()).toBeUndefined();
  });

  it('have addresses that lead back to the one endpoint', async () => {
    const sqs = new SQSClient(config());
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'work' }));
    expect(QueueUrl).toBe(`${origin}/000000000000/work`);
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'hello' }));
    const { Messages: [message] = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    expect(message?.Body).toBe('hello');
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle }));
    expect(messages.depths()?.get('work')).toEqual({ visible: 0, notVisible: 0, delayed: 0 });
  });

  it('give a message back at once when its reader lets go of it, and count it', async () => {
    const sqs = new SQSClient(config());
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'let-go' }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'again' }));
    const receive = async () => {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MessageSystemAttributeNames: ['All'] }));
      return { handle: Messages[0]?.ReceiptHandle, count: Messages[0]?.Attributes?.ApproximateReceiveCount };
    };
    const letGo = (ReceiptHandle: string | undefined) =>
      sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
    await letGo((await receive()).handle);
    const second = await receive();
    expect(second.count).toBe('2');
    await letGo(second.handle);
  });

  it('throw the typed exception for a queue that is not there', async () => {
    const sqs = new SQSClient(config());
    await expect(sqs.send(new GetQueueUrlCommand({ QueueName: 'nowhere' }))).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
  });

  it('take letters of the stack with text attributes', async () => {
    await messages.send(queueArn('letters'), { body: '{"a":1}', attributes: { RULE_ARN: 'arn:rule' } });
    const sqs = new SQSClient(config());
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: 'letters' }));
    const { Messages: [message] = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ['All'], VisibilityTimeout: 0 }),
    );
    expect(message).toMatchObject({
      Body: '{"a":1}',
      MessageAttributes: { RULE_ARN: { DataType: 'String', StringValue: 'arn:rule' } },
    });
    await expect(messages.send(queueArn('nowhere'), { body: '' })).rejects.toThrow('There is no queue');
  });

  it('drop what is older than their retention, and nothing else', async () => {
    const sqs = new SQSClient(config());
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'short', Attributes: { MessageRetentionPeriod: '60' } }));
    const real = Date.now;
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'old' }));
    vi.spyOn(Date, 'now').mockImplementation(() => real() + 30_000);
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'young' }));
    vi.spyOn(Date, 'now').mockImplementation(() => real() + 61_000);
    expect(messages.depths()?.get('short')?.visible).toBe(1);
    vi.restoreAllMocks();
    expect((await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages?.[0]?.Body).toBe('young');
  });

  it('are closed to a function whose policy does not name them', async () => {
    const sqs = new SQSClient(config('some-function'));
    await expect(sqs.send(new GetQueueUrlCommand({ QueueName: 'work' }))).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});

describe('topics', () => {
  it('hand what is published to the queues that subscribed', async () => {
    const [sns, sqs] = [new SNSClient(config()), new SQSClient(config())];
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'alerts' }));
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'heard' }));
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queueArn('heard') }));
    await sns.send(new PublishCommand({ TopicArn, Message: 'fire' }));
    const { Messages: [message] = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    expect(JSON.parse(message?.Body ?? '{}')).toMatchObject({ Type: 'Notification', TopicArn, Message: 'fire' });
  });

  it('call the functions that subscribed, through their filters', async () => {
    const sns = new SNSClient(config());
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'calls' }));
    const Endpoint = 'arn:aws:lambda:us-east-1:000000000000:function:listener';
    const Attributes = { FilterPolicy: JSON.stringify({ level: ['high'] }) };
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'lambda', Endpoint, Attributes }));
    const level = (StringValue: string) => ({ level: { DataType: 'String', StringValue } });
    await sns.send(new PublishCommand({ TopicArn, Message: 'unheard', MessageAttributes: level('low') }));
    const Entry = { Id: 'one', Message: 'heard', Subject: 'Look', MessageAttributes: level('high') };
    const { Successful } = await sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: [Entry] }));
    const Sns = {
      Type: 'Notification',
      TopicArn,
      MessageId: Successful?.[0]?.MessageId,
      Subject: 'Look',
      Message: 'heard',
      MessageAttributes: { level: { Type: 'String', Value: 'high' } },
    };
    expect(invoked).toMatchObject([[Endpoint, { Records: [{ EventSource: 'aws:sns', Sns }] }]]);
  });

  it('post to an address on this machine once it has confirmed, and again when it fails', async () => {
    const told: { type: unknown; body: Record<string, string> }[] = [];
    let answers = [200, 500, 200];
    const listener = createServer(async (request, response) => {
      let text = '';
      for await (const chunk of request) text += String(chunk);
      told.push({ type: request.headers['x-amz-sns-message-type'], body: JSON.parse(text) });
      response.writeHead(answers[0] ?? 200).end();
      answers = answers.slice(1);
    });
    await new Promise<void>((ready) => listener.listen(0, '127.0.0.1', ready));
    const Endpoint = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/hook`;
    const sns = new SNSClient(config());
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'posts' }));
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'http', Endpoint }));
    await vi.waitFor(() => expect(told).toHaveLength(1));
    await messages.publish(TopicArn ?? '', { subject: 'Early', message: 'nobody hears this' });
    expect(told[0]).toMatchObject({ type: 'SubscriptionConfirmation', body: { Type: 'SubscriptionConfirmation', TopicArn } });
    expect((await fetch(told[0]?.body.SubscribeURL ?? '')).status).toBe(200);
    await messages.publish(TopicArn ?? '', { subject: 'ALARM', message: 'fire' });
    await vi.waitFor(() => expect(told).toHaveLength(2));
    await vi.waitFor(() => expect(messages.inFlight()).toBe(0));
    clock.advance(20);
    await vi.waitFor(() => expect(told).toHaveLength(3));
    expect(told[2]).toMatchObject({ type: 'Notification', body: { Subject: 'ALARM', Message: 'fire', SignatureVersion: '1' } });
    listener.closeAllConnections();
    listener.close();
  });

  it('refuse in words a subscriber that they would never reach', async () => {
    const sns = new SNSClient(config());
    const TopicArn = 'arn:aws:sns:us-east-1:000000000000:alerts';
    const subscribe = (Protocol: string, Endpoint: string) => sns.send(new SubscribeCommand({ TopicArn, Protocol, Endpoint }));
    await expect(subscribe('email', 'a@example.com')).rejects.toThrow('not "email"');
    await expect(subscribe('https', 'https://example.com/hook')).rejects.toThrow('addresses on this machine');
  });
});

describe('after a restart on another port', () => {
  it('everything is there, and queues lead to the new address', async () => {
    await stop();
    await start();
    await messages.resume();
    expect(messages.depths()?.get('letters')?.visible).toBe(1);
    expect(messages.depths()?.get('let-go')?.visible).toBe(1);
    const { QueueUrl } = await new SQSClient(config()).send(new GetQueueUrlCommand({ QueueName: 'letters' }));
    expect(QueueUrl).toBe(`${origin}/000000000000/letters`);
  });
});
