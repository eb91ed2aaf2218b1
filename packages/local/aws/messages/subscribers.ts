/**
 * Hands what was published on a topic to its subscribers that are functions or addresses on this machine; queues are served by fauxqs. An
 * address is tried as SNS tries it by default, and confirms before it gets anything. The signature fields are there and sign nothing.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { region } from '../service.ts';
import type { Subscription, TopicStore } from './fauxqs.ts';

export interface Published {
  topicArn: string;
  messageId: string;
  message: string;
  subject?: string | undefined;
  attributes: Readonly<Record<string, MessageAttribute>>;
}
export interface MessageAttribute {
  DataType: string;
  StringValue?: string;
  BinaryValue?: string;
}

export interface SubscribersOptions {
  clock: Clock;
  /** Where an address confirms: the AWS endpoint's own origin. */
  origin: string;
  topics: TopicStore;
  /** Whether the subscription's filter lets it through. */
  passes(subscription: Subscription, published: Published): boolean;
  /** Invokes a function asynchronously; throws when there is none. */
  invoke(functionArn: string, event: unknown): void;
}

export interface Subscribers {
  deliver(published: Published): void;
  /** Asks an address whether it wants to; a function is taken at its word. */
  begin(subscriptionArn: string): void;
  /** Posts on their way; a pause between two tries is not. */
  inFlight(): number;
  close(): void;
}

/** SNS's default for HTTP: three retries, 20 seconds apart. */
const attempts = 4;
const pauseMs = 20_000;
const timeoutMs = 15_000;

export function createSubscribers({ clock, origin, topics, passes, invoke }: SubscribersOptions): Subscribers {
  const closed = new AbortController();
  let inFlight = 0;

  async function post(url: string, type: string, headers: Record<string, string>, body: string): Promise<void> {
    for (let attempt = 1; attempt <= attempts; attempt++) {
      if (await postOnce(url, { 'x-amz-sns-message-type': type, ...headers }, body)) return;
      await clock.sleep(pauseMs, closed.signal);
    }
  }
  async function postOnce(url: string, headers: Record<string, string>, body: string): Promise<boolean> {
    inFlight++;
    try {
      const signal = AbortSignal.any([closed.signal, AbortSignal.timeout(timeoutMs)]);
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'text/plain; charset=UTF-8', ...headers },
        body,
        signal,
        redirect: 'error',
      });
      return answer.status < 300;
    } catch {
      return false;
    } finally {
      inFlight--;
    }
  }

  /** Members that SNS signs, with nothing behind the signature: whoever checks it refuses the message, rightly. */
  function unsigned() {
    return {
      Timestamp: new Date(clock.now()).toISOString(),
      SignatureVersion: '1',
      Signature: 'EXAMPLE',
      SigningCertURL: `https://sns.${region}.amazonaws.com/SimpleNotificationService-0000000000000000000000.pem`,
    };
  }
  function envelope({ topicArn, messageId, message, subject, attributes }: Published, subscriptionArn: string) {
    const MessageAttributes = Object.fromEntries(
      Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
        name,
        { Type: DataType, Value: StringValue ?? BinaryValue ?? '' },
      ]),
    );
    return {
      Type: 'Notification',
      MessageId: messageId,
      TopicArn: topicArn,
      ...(subject !== undefined && { Subject: subject }),
      Message: message,
      ...unsigned(),
      UnsubscribeURL: `${origin}/?Action=Unsubscribe&SubscriptionArn=${subscriptionArn}`,
      ...(Object.keys(MessageAttributes).length > 0 && { MessageAttributes }),
    };
  }
  function call({ arn, endpoint }: Subscription, published: Published): void {
    const { UnsubscribeURL, SigningCertURL, Subject = null, MessageAttributes = {}, ...rest } = envelope(published, arn);
    const Sns = { ...rest, Subject, MessageAttributes, SigningCertUrl: SigningCertURL, UnsubscribeUrl: UnsubscribeURL };
    invoke(endpoint, { Records: [{ EventSource: 'aws:sns', EventVersion: '1.0', EventSubscriptionArn: arn, Sns }] });
  }
  function send(subscription: Subscription, published: Published): void {
    const { arn, endpoint, attributes } = subscription;
    const isRaw = attributes.RawMessageDelivery === 'true';
    const headers = {
      'x-amz-sns-message-id': published.messageId,
      'x-amz-sns-topic-arn': published.topicArn,
      'x-amz-sns-subscription-arn': arn,
      ...(isRaw && { 'x-amz-sns-rawdelivery': 'true' }),
    };
    const body = isRaw ? published.message : JSON.stringify(envelope(published, arn));
    // What no attempt brought is gone, as on AWS without a dead-letter queue.
    post(endpoint, 'Notification', headers, body).catch(() => {});
  }

  return {
    deliver(published) {
      for (const subscription of topics.subscriptions.values()) {
        if (subscription.topicArn !== published.topicArn || !subscription.confirmed || !passes(subscription, published)) continue;
        if (subscription.protocol === 'lambda') call(subscription, published);
        else if (isAddress(subscription)) send(subscription, published);
      }
    },
    begin(subscriptionArn) {
      const subscription = topics.getSubscription(subscriptionArn);
      if (!subscription || subscription.confirmed) return;
      if (subscription.protocol === 'lambda') {
        subscription.confirmed = true;
        topics.persistence?.insertSubscription(subscription);
      }
      if (!isAddress(subscription)) return;
      const { topicArn, arn } = subscription;
      const query = new URLSearchParams({ Action: 'ConfirmSubscription', TopicArn: topicArn, Token: arn });
      const body = {
        Type: 'SubscriptionConfirmation',
        MessageId: randomUUID(),
        Token: arn,
        TopicArn: topicArn,
        Message: `You have chosen to subscribe to the topic ${topicArn}.\nTo confirm the subscription, visit the SubscribeURL included in this message.`,
        SubscribeURL: `${origin}/?${query}`,
        ...unsigned(),
      };
      const headers = { 'x-amz-sns-message-id': body.MessageId, 'x-amz-sns-topic-arn': topicArn };
      post(subscription.endpoint, 'SubscriptionConfirmation', headers, JSON.stringify(body)).catch(() => {});
    },
    inFlight: () => inFlight,
    close: () => closed.abort(),
  };
}

function isAddress({ protocol }: Subscription): boolean {
  return protocol === 'http' || protocol === 'https';
}
