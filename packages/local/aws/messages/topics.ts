/** SNS of the embedded stack: fauxqs keeps topics and subscriptions and serves queues; functions and addresses on this machine are served here. */
import type { Clock } from '../../clock.ts';
import type { AwsAnswer, AwsRequest, WholeService } from '../endpoint.ts';
import { AwsError, region } from '../service.ts';
import type { Fauxqs } from './fauxqs.ts';
import { createSubscribers, type MessageAttribute, type Published, type Subscribers } from './subscribers.ts';

export type Ask = (request: Pick<AwsRequest, 'method' | 'url' | 'headers' | 'body'>) => Promise<AwsAnswer>;

export interface TopicsOptions {
  clock: Clock;
  origin: string;
  ask: Ask;
  load(): Promise<Fauxqs>;
  invoke(functionArn: string, event: unknown): void;
}

export interface Topics {
  service: WholeService;
  /** Publishes for the stack itself; rejects with an `AwsError` when there is no such topic. */
  publish(topicArn: string, message: { subject?: string; message: string }): Promise<void>;
  inFlight(): number;
  close(): void;
}

const functionArn = /^arn:aws:lambda:/;
const loopback = /^https?:\/\/(127(\.\d{1,3}){3}|localhost|\[::1\])(:\d+)?(\/|$)/;

export function createTopics({ clock, origin, ask, load, invoke }: TopicsOptions): Topics {
  let subscribers: Subscribers | undefined;

  async function served(): Promise<Subscribers> {
    const { topics, passes } = await load();
    subscribers ??= createSubscribers({ clock, origin, topics, passes, invoke });
    return subscribers;
  }

  /** SNS takes forms; a link in a message is a GET. */
  async function act(form: URLSearchParams): Promise<AwsAnswer> {
    const headers = {
      host: new URL(origin).host,
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `AWS4-HMAC-SHA256 Credential=stack/20260101/${region}/sns/aws4_request`,
    };
    const answer = await ask({ method: 'POST', url: new URL(origin), headers, body: Buffer.from(form.toString()) });
    if (answer.status >= 300) return answer;
    const reply = String(answer.body);
    switch (form.get('Action')) {
      case 'Subscribe':
        (await served()).begin(textOf(reply, 'SubscriptionArn'));
        break;
      case 'Publish':
        if (form.has('TopicArn')) (await served()).deliver(publishedOf(form, '', form.get('TopicArn') ?? '', textOf(reply, 'MessageId')));
        break;
      case 'PublishBatch':
        for (const [, id = '', messageId = ''] of reply.matchAll(/<Id>([^<]*)<\/Id><MessageId>([^<]*)<\/MessageId>/g)) {
          const prefix = prefixOfEntry(form, id);
          (await served()).deliver(publishedOf(form, prefix, form.get('TopicArn') ?? '', messageId));
        }
        break;
    }
    return answer;
  }

  return {
    service: {
      name: 'sns',
      operationOf: (request) => formOf(request)?.get('Action') ?? undefined,
      async answer(request) {
        const form = formOf(request) ?? new URLSearchParams();
        if (form.get('Action') === 'Subscribe') mustBeReachable(form.get('Protocol'), form.get('Endpoint') ?? '');
        return act(form);
      },
    },
    async publish(TopicArn, { subject, message }) {
      const form = { Action: 'Publish', TopicArn, Message: message, ...(subject !== undefined && { Subject: subject }) };
      const answer = await act(new URLSearchParams(form));
      if (answer.status >= 300)
        throw new AwsError('NotFound', `The topic ${TopicArn} did not take a message: ${textOf(String(answer.body), 'Message')}`);
    },
    inFlight: () => subscribers?.inFlight() ?? 0,
    close: () => subscribers?.close(),
  };
}

/** Signed forms, and the links that SNS puts into its messages. */
function formOf({ method, url, signedFor, headers, body }: AwsRequest): URLSearchParams | undefined {
  const linked = url.searchParams.get('Action');
  if (method === 'GET' && signedFor === '' && (linked === 'ConfirmSubscription' || linked === 'Unsubscribe')) return url.searchParams;
  if (signedFor !== 'sns' || !headers['content-type']?.startsWith('application/x-www-form-urlencoded')) return undefined;
  return new URLSearchParams(body.toString('utf8'));
}

function mustBeReachable(protocol: string | null, endpoint: string): void {
  if (protocol === 'sqs' || (protocol === 'lambda' && functionArn.test(endpoint))) return;
  const isAddress = protocol === 'http' || protocol === 'https';
  if (isAddress && endpoint.startsWith(`${protocol}://`) && loopback.test(endpoint)) return;
  throw new AwsError(
    'InvalidParameter',
    `Queues, functions and addresses on this machine subscribe to topics of the embedded stack, not "${protocol}" "${endpoint}"`,
  );
}

function publishedOf(form: URLSearchParams, prefix: string, topicArn: string, messageId: string): Published {
  const attributes: Record<string, MessageAttribute> = {};
  for (let index = 1; ; index++) {
    const at = `${prefix}MessageAttributes.entry.${index}.`;
    const name = form.get(`${at}Name`);
    if (name === null) break;
    const [text, binary] = [form.get(`${at}Value.StringValue`), form.get(`${at}Value.BinaryValue`)];
    attributes[name] = {
      DataType: form.get(`${at}Value.DataType`) ?? 'String',
      ...(text !== null && { StringValue: text }),
      ...(binary !== null && { BinaryValue: binary }),
    };
  }
  const subject = form.get(`${prefix}Subject`);
  return { topicArn, messageId, message: form.get(`${prefix}Message`) ?? '', ...(subject !== null && { subject }), attributes };
}

function prefixOfEntry(form: URLSearchParams, id: string): string {
  const [name = ''] = [...form].find(([key, value]) => /^PublishBatchRequestEntries\.member\.\d+\.Id$/.test(key) && value === id) ?? [];
  return name.slice(0, -2);
}

function textOf(xml: string, element: string): string {
  return new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1] ?? '';
}
