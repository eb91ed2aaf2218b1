/** What is asked of any SQS and SNS. Queues and topics of a real account are gone a minute after they are deleted. */
import { CreateTopicCommand, DeleteTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Target } from './target.ts';

interface Queue {
  url: string;
  arn: string;
}

async function makeQueue(sqs: SQSClient, QueueName: string): Promise<Queue> {
  const { QueueUrl: url = '' } = await sqs.send(new CreateQueueCommand({ QueueName }));
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }));
  return { url, arn: Attributes?.QueueArn ?? '' };
}

export function describeQueues(target: () => Target): void {
  describe('SQS', () => {
    let sqs: SQSClient;
    let [work, letters]: Queue[] = [];
    const receive = () =>
      target().until(async () => {
        const { Messages } = await sqs.send(
          new ReceiveMessageCommand({ QueueUrl: work?.url, WaitTimeSeconds: 1, MessageAttributeNames: ['All'], VisibilityTimeout: 60 }),
        );
        return Messages?.[0];
      }, 'a message');
    beforeAll(async () => {
      sqs = new SQSClient(target().client);
      [work, letters] = [await makeQueue(sqs, target().name('work')), await makeQueue(sqs, target().name('letters'))];
    });
    afterAll(async () => {
      for (const queue of [work, letters]) if (queue) await sqs.send(new DeleteQueueCommand({ QueueUrl: queue.url }));
    });

    it('hands out a message again until it is deleted', async () => {
      const MessageAttributes = { kind: { DataType: 'String', StringValue: 'test' } };
      await sqs.send(new SendMessageCommand({ QueueUrl: work?.url, MessageBody: 'hello', MessageAttributes }));
      const first = await receive();
      expect([first.Body, first.MessageAttributes?.kind?.StringValue]).toEqual(['hello', 'test']);
      const handle = { QueueUrl: work?.url, ReceiptHandle: first.ReceiptHandle };
      await sqs.send(new ChangeMessageVisibilityCommand({ ...handle, VisibilityTimeout: 0 }));
      const again = await receive();
      expect(again.MessageId).toBe(first.MessageId);
      await sqs.send(new DeleteMessageCommand({ QueueUrl: work?.url, ReceiptHandle: again.ReceiptHandle }));
    });

    it('takes a batch, and names a queue that is not there', async () => {
      const Entries = ['a', 'b'].map((Id) => ({ Id, MessageBody: Id }));
      const { Successful } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: letters?.url, Entries }));
      expect(Successful?.map(({ Id }) => Id)).toEqual(['a', 'b']);
      const nowhere = new GetQueueUrlCommand({ QueueName: target().name('nowhere') });
      await expect(sqs.send(nowhere)).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
    });

    it('keeps where its dead letters go', async () => {
      const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: letters?.arn, maxReceiveCount: 2 });
      await sqs.send(new SetQueueAttributesCommand({ QueueUrl: work?.url, Attributes: { RedrivePolicy } }));
      const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: work?.url, AttributeNames: ['RedrivePolicy'] }));
      expect(JSON.parse(Attributes?.RedrivePolicy ?? '{}')).toMatchObject({ deadLetterTargetArn: letters?.arn });
    });
  });
}

export function describeTopics(target: () => Target): void {
  describe('SNS', () => {
    it('hands what is published to a queue that subscribed, through its filter', async () => {
      const [sns, sqs] = [new SNSClient(target().client), new SQSClient(target().client)];
      const queue = await makeQueue(sqs, target().name('heard'));
      const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: target().name('topic') }));
      const allow = { Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: queue.arn };
      const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [allow] });
      await sqs.send(new SetQueueAttributesCommand({ QueueUrl: queue.url, Attributes: { Policy } }));
      try {
        const Attributes = { FilterPolicy: JSON.stringify({ level: ['high'] }) };
        await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queue.arn, Attributes }));
        const publish = (Message: string, StringValue: string) =>
          sns.send(new PublishCommand({ TopicArn, Message, MessageAttributes: { level: { DataType: 'String', StringValue } } }));
        // A filter of a real account takes a while to hold; until then nothing is asserted of it.
        const body = await target().until(async () => {
          await publish('quiet', 'low');
          await publish('loud', 'high');
          const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: queue.url, WaitTimeSeconds: 1 }));
          return Messages.map(({ Body }) => JSON.parse(Body ?? '{}')).find(({ Message }) => Message === 'loud');
        }, 'what was published');
        expect(body).toMatchObject({ Type: 'Notification', TopicArn, MessageAttributes: { level: { Type: 'String', Value: 'high' } } });
      } finally {
        await sns.send(new DeleteTopicCommand({ TopicArn }));
        await sqs.send(new DeleteQueueCommand({ QueueUrl: queue.url }));
      }
    });
  });
}
