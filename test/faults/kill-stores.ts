/** Objects and messages under the load that a kill ends, and what of them was confirmed and is not there whole afterwards. */
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateQueueCommand, DeleteMessageBatchCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Stack } from '../support/stack.ts';

const [Bucket, QueueName] = ['kill-objects', 'kill-messages'];

function clients(stack: Stack): { s3: S3Client; sqs: SQSClient } {
  const config = {
    endpoint: stack.aws,
    region: 'us-east-1',
    credentials: { accessKeyId: 'kill', secretAccessKey: 'kill' },
    maxAttempts: 1,
  };
  return { s3: new S3Client(config), sqs: new SQSClient(config) };
}

export async function createStores(stack: Stack): Promise<void> {
  const { s3, sqs } = clients(stack);
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  await sqs.send(new CreateQueueCommand({ QueueName }));
}

export async function putObject(stack: Stack, id: string): Promise<void> {
  await clients(stack).s3.send(new PutObjectCommand({ Bucket, Key: id, Body: bodyOf(id) }));
}

export async function sendMessage(stack: Stack, id: string): Promise<void> {
  const { sqs } = clients(stack);
  await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl(stack), MessageBody: id }));
}

/** Long enough to be cut. */
function bodyOf(id: string): string {
  return `${id} `.repeat(2000);
}

/** The confirmed are there, and whatever is there is whole. */
export async function brokenObjects(stack: Stack, round: number, confirmed: ReadonlySet<string>): Promise<string[]> {
  const { s3 } = clients(stack);
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: `${round}-` }));
  const found = new Set(Contents.map(({ Key = '' }) => Key));
  const broken = [...confirmed].filter((id) => !found.has(id)).map((id) => `the object ${id} was confirmed and is gone`);
  for (const id of found) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: id }));
    if ((await Body?.transformToString()) !== bodyOf(id)) broken.push(`the object ${id} is not whole`);
  }
  return broken;
}

/** Takes every message off the queue. */
export async function brokenMessages(stack: Stack, confirmed: ReadonlySet<string>): Promise<string[]> {
  const { sqs } = clients(stack);
  const QueueUrl = queueUrl(stack);
  const found = new Set<string>();
  for (;;) {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    if (Messages.length === 0) break;
    for (const { Body = '' } of Messages) found.add(Body);
    const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: `${index}`, ReceiptHandle }));
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  }
  return [...confirmed].filter((id) => !found.has(id)).map((id) => `the message ${id} was confirmed and is gone`);
}

function queueUrl(stack: Stack): string {
  return `${stack.aws}/000000000000/${QueueName}`;
}
