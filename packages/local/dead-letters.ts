/**
 * What could not be delivered or handled goes to its capability's dead-letter queue, in the shape in which AWS puts it there: an event of a
 * rule, a schedule's payload, an event that a function gave up on, a batch of stream records. It tries nothing again.
 */
import { randomUUID } from 'node:crypto';
import { deadLettersName, functionAlias, functionName } from '@gatehouse/contracts/names';
import type { Surface } from '@gatehouse/contracts/surface';
import type { DynamoDBRecord } from 'aws-lambda';
import type { OnDead } from './aws/events/delivery.ts';
import { type Letter, type Messages, type Queue, queueArn } from './aws/messages/messages.ts';
import { AwsError, account, region } from './aws/service.ts';
import type { Clock } from './clock.ts';
import type { FunctionError } from './lambda/contract.ts';
import { stage } from './profile.ts';

/** A capability that only answers requests has none. */
export function hasDeadLetters({ rules = [], schedules = [], streams = [] }: Surface): boolean {
  return rules.length + schedules.length + streams.length > 0;
}

export function deadLetterArn({ capability }: Pick<Surface, 'capability'>): string {
  return queueArn(deadLettersName(stage, capability));
}

/** As they are deployed: kept for 14 days, encrypted by SQS. */
export function deadLetterQueues(surfaces: readonly Surface[]): Queue[] {
  return surfaces.filter(hasDeadLetters).map(({ capability }) => ({
    name: deadLettersName(stage, capability),
    attributes: { MessageRetentionPeriod: String(14 * 86_400), SqsManagedSseEnabled: 'true' },
  }));
}

/** A scheduled invocation that never reached its target. */
export interface Unreached {
  scheduleArn: string;
  targetArn: string;
  queueArn: string | undefined;
  executionId: string;
  /** RFC 3339. */
  scheduledTime: string;
  payload: string;
  attempts: number;
  error: Error;
}

/** Every promise resolves once the queue has the letter, or has refused it, and never rejects. */
export interface DeadLetters {
  /** An event that a rule's target never took. */
  undelivered: (...told: Parameters<OnDead>) => Promise<void>;
  unreached(unreached: Unreached): Promise<void>;
  /** An event that a function took and failed on, each time. */
  gaveUp(name: string, event: unknown, error: FunctionError, attempts: number): Promise<void>;
  /** Stream records that a function failed on, each time: the message names them, the stream holds them. */
  skipped(
    name: string,
    streamArn: string,
    records: readonly DynamoDBRecord[],
    attempts: number,
    error: FunctionError | undefined,
  ): Promise<void>;
}

interface DeadLettersOptions {
  surfaces: readonly Surface[];
  messages: Pick<Messages, 'send'>;
  clock: Clock;
  /** Told in a sentence of each letter, and of each one that no queue took. */
  warn(line: string): void;
}

export function createDeadLetters({ surfaces, messages, clock, warn }: DeadLettersOptions): DeadLetters {
  /** The queues of the functions that are invoked asynchronously. */
  const asynchronous = new Map<string, string>();
  const streamed = new Map<string, string>();
  for (const surface of surfaces) {
    const { capability, rules = [], schedules = [], streams = [] } = surface;
    for (const { entry } of [...rules, ...schedules]) asynchronous.set(functionName(stage, capability, entry), deadLetterArn(surface));
    for (const { entry } of streams) streamed.set(functionName(stage, capability, entry), deadLetterArn(surface));
  }

  async function put(queue: string | undefined, what: string, letter: Letter): Promise<void> {
    if (queue === undefined) {
      warn(`${what}; it has no dead-letter queue`);
      return;
    }
    try {
      await messages.send(queue, letter);
      warn(`${what}; it is in ${queue.split(':').at(-1)}`);
    } catch (error) {
      warn(`${what}; its dead-letter queue did not take it: ${String(error)}`);
    }
  }
  const timestamp = () => new Date(clock.now()).toISOString();

  return {
    undelivered(delivery, why) {
      const { event, target, ruleArn } = delivery;
      const letter = { body: JSON.stringify(event), attributes: attributesOf(why, { RULE_ARN: ruleArn, TARGET_ARN: target.Arn }) };
      return put(target.DeadLetterConfig?.Arn, `an event did not reach ${target.Arn}: ${why.error.message}`, letter);
    },
    unreached({ scheduleArn, targetArn, queueArn: queue, executionId, scheduledTime, payload, attempts, error }) {
      const attributes = attributesOf(
        { attempts, condition: 'MaximumRetryAttempts', error },
        {
          SCHEDULE_ARN: scheduleArn,
          TARGET_ARN: targetArn,
          EXECUTION_ID: executionId,
          SCHEDULED_TIME: scheduledTime,
          IS_PAYLOAD_TRUNCATED: 'false',
        },
      );
      return put(queue, `${scheduleArn} did not reach ${targetArn}: ${error.message}`, { body: payload, attributes });
    },
    gaveUp(name, event, error, attempts) {
      const body = {
        version: '1.0',
        timestamp: timestamp(),
        requestContext: {
          requestId: randomUUID(),
          functionArn: arnOf(name),
          condition: 'RetriesExhausted',
          approximateInvokeCount: attempts,
        },
        requestPayload: event,
        responseContext: { statusCode: 200, executedVersion: '1', functionError: 'Unhandled' },
        responsePayload: error,
      };
      return put(asynchronous.get(name), `${name} gave up on an event: ${error.errorType}: ${error.errorMessage}`, {
        body: JSON.stringify(body),
      });
    },
    skipped(name, streamArn, records, attempts, error) {
      const at = (record: DynamoDBRecord | undefined) =>
        new Date((record?.dynamodb?.ApproximateCreationDateTime ?? clock.now() / 1000) * 1000).toISOString();
      const body = {
        requestContext: {
          requestId: randomUUID(),
          functionArn: arnOf(name),
          condition: 'RetryAttemptsExhausted',
          approximateInvokeCount: attempts,
        },
        responseContext: { statusCode: 200, executedVersion: '1', functionError: error ? 'Unhandled' : null },
        version: '1.0',
        timestamp: timestamp(),
        DDBStreamBatchInfo: {
          shardId: 'shardId-00000000000000000001-local',
          startSequenceNumber: records[0]?.dynamodb?.SequenceNumber,
          endSequenceNumber: records.at(-1)?.dynamodb?.SequenceNumber,
          approximateArrivalOfFirstRecord: at(records[0]),
          approximateArrivalOfLastRecord: at(records.at(-1)),
          batchSize: records.length,
          streamArn,
        },
      };
      const why = error ? `: ${error.errorType}: ${error.errorMessage}` : '';
      return put(streamed.get(name), `${name} gave up on ${records.length} stream record(s)${why}`, { body: JSON.stringify(body) });
    },
  };
}

/** EventBridge and Scheduler tell why in message attributes. */
function attributesOf(why: Parameters<OnDead>[1], names: Record<string, string>): Record<string, string> {
  const { attempts, condition, error } = why;
  return {
    ...names,
    ERROR_CODE: error instanceof AwsError && /NotFound/.test(error.type) ? 'NO_RESOURCE' : 'SDK_CLIENT_ERROR',
    ERROR_MESSAGE: error.message || error.name,
    EXHAUSTED_RETRY_CONDITION: condition,
    RETRY_ATTEMPTS: String(attempts - 1),
  };
}

function arnOf(name: string): string {
  return `arn:aws:lambda:${region}:${account}:function:${name}:${functionAlias}`;
}
