/**
 * Messages of the embedded stack, SQS and SNS: loaded on first use, so that a start does not wait for them, and kept in the data folder.
 * A message goes when its retention is over.
 */
import type { Clock } from '../../clock.ts';
import type { AwsAnswer, AwsRequest, WholeService } from '../endpoint.ts';
import { AwsError, account, region } from '../service.ts';
import { type Fauxqs, hasState, openFauxqs, type QueueStore } from './fauxqs.ts';
import { createTopics, type Topics } from './topics.ts';

export interface Queue {
  name: string;
  attributes: Readonly<Record<string, string>>;
}

export interface MessagesOptions {
  clock: Clock;
  /** Where queues' URLs point: the AWS endpoint's own origin. */
  origin: string;
  /** Kept here; without it in memory. */
  path?: string;
  /** Made when they are not there as soon as anything is used. */
  queues?: readonly Queue[];
  /** Invokes a function that subscribed to a topic; throws when there is none. */
  invoke?(functionArn: string, event: unknown): void;
}

/** Message attributes are strings. */
export interface Letter {
  body: string;
  attributes?: Readonly<Record<string, string>>;
}

export interface Messages {
  services: readonly WholeService[];
  /** Puts a message on a queue of the stack; rejects with an `AwsError` when there is none. */
  send(queueArn: string, letter: Letter): Promise<void>;
  /** Puts a message on a topic of the stack; rejects with an `AwsError` when there is none. */
  publish: Topics['publish'];
  /** What waits in each queue, without what became too old. Undefined while nothing was ever used: an untouched stack stays unloaded. */
  depths(): ReadonlyMap<string, QueueDepth> | undefined;
  /** Letters on their way, also to addresses that subscribed. */
  inFlight(): number;
  /** Loads now when an earlier run left something behind, so that its messages are counted. */
  resume(): Promise<void>;
  close(): Promise<void>;
}

export interface QueueDepth {
  visible: number;
  notVisible: number;
  delayed: number;
}

/** Four days. */
const defaultRetentionSeconds = 345_600;

export function queueArn(name: string): string {
  return `arn:aws:sqs:${region}:${account}:${name}`;
}

export function createMessages({ clock, origin, path, queues = [], invoke = noFunctions }: MessagesOptions): Messages {
  let loading: Promise<Fauxqs> | undefined;
  let loaded: Fauxqs | undefined;
  let inFlight = 0;

  function load(): Promise<Fauxqs> {
    loading ??= openFauxqs(path, origin).then((fauxqs) => {
      for (const { name, attributes } of queues)
        if (!fauxqs.queues.getQueueByName(name))
          fauxqs.queues.createQueue(name, `${origin}/${account}/${name}`, queueArn(name), { ...attributes });
      loaded = fauxqs;
      return fauxqs;
    });
    return loading;
  }

  async function ask(request: Pick<AwsRequest, 'method' | 'url' | 'headers' | 'body'>): Promise<AwsAnswer> {
    const { app } = await load();
    const method = request.method as 'GET';
    const reply = await app.inject({
      method,
      url: request.url.pathname + request.url.search,
      headers: request.headers,
      ...(request.body.length > 0 && { payload: request.body }),
    });
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(reply.headers))
      if (value !== undefined && !['connection', 'date', 'keep-alive', 'transfer-encoding', 'content-type'].includes(name))
        headers[name] = String(value);
    const answer: AwsAnswer = {
      status: reply.statusCode,
      contentType: String(reply.headers['content-type'] ?? ''),
      body: reply.rawPayload,
    };
    return { ...answer, headers };
  }

  async function counted<T>(work: () => Promise<T>): Promise<T> {
    inFlight++;
    try {
      return await work();
    } finally {
      inFlight--;
    }
  }

  function post(operation: string, input: object): Promise<AwsAnswer> {
    const headers = {
      host: new URL(origin).host,
      'content-type': 'application/x-amz-json-1.0',
      authorization: `AWS4-HMAC-SHA256 Credential=stack/20260101/${region}/sqs/aws4_request`,
      'x-amz-target': `AmazonSQS.${operation}`,
    };
    return ask({ method: 'POST', url: new URL(origin), headers, body: Buffer.from(JSON.stringify(input)) });
  }

  const sqs: WholeService = {
    name: 'sqs',
    operationOf: ({ headers }) => /^AmazonSQS\.(\w+)$/.exec(String(headers['x-amz-target'] ?? ''))?.[1],
    answer: ask,
  };
  const topics = createTopics({ clock, origin, ask, load, invoke });

  return {
    services: [sqs, topics.service],
    publish: topics.publish,
    send: (arn, { body, attributes = {} }) =>
      counted(async () => {
        const { queues: store } = await load();
        const queue = store.getQueueByArn(arn);
        if (!queue) throw new AwsError('AWS.SimpleQueueService.NonExistentQueue', `There is no queue ${arn}`);
        const MessageAttributes = Object.fromEntries(
          Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
        );
        const answer = await post('SendMessage', { QueueUrl: queue.url, MessageBody: body, MessageAttributes });
        if (answer.status !== 200)
          throw new AwsError('InvalidMessageContents', `The queue ${arn} refused a message: ${String(answer.body)}`);
      }),
    depths() {
      if (!loaded) return undefined;
      return new Map(
        loaded.queues.listQueues().queues.map((queue) => {
          queue.processTimers();
          dropExpired(queue);
          const count = (name: Parameters<typeof queue.getAttribute>[0]) => Number(queue.getAttribute(name) ?? 0);
          return [
            queue.name,
            {
              visible: count('ApproximateNumberOfMessages'),
              notVisible: count('ApproximateNumberOfMessagesNotVisible'),
              delayed: count('ApproximateNumberOfMessagesDelayed'),
            },
          ];
        }),
      );
    },
    inFlight: () => inFlight + topics.inFlight(),
    async resume() {
      if (hasState(path)) await load();
    },
    async close() {
      topics.close();
      await (await loading)?.close();
    },
  };
}

/** FIFO queues of people's own are left alone. Both times are those of this process's `Date`, which is stack time in a stack. */
function dropExpired(queue: ReturnType<QueueStore['listQueues']>['queues'][number]): void {
  const oldest = Date.now() - Number(queue.attributes.MessageRetentionPeriod ?? defaultRetentionSeconds) * 1000;
  const [first] = queue.messages;
  if (!first || first.sentTimestamp >= oldest) return;
  for (const message of queue.messages) if (message.sentTimestamp < oldest) queue.persistence?.deleteMessage(message.messageId);
  queue.messages = queue.messages.filter(({ sentTimestamp }) => sentTimestamp >= oldest);
}

function noFunctions(functionArn: string): never {
  throw new AwsError('ResourceNotFoundException', `There is no function ${functionArn}`);
}
