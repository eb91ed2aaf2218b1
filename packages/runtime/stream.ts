/** Entries that a table's own stream calls: records one by one in order, a failed one and what follows it come again. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import middy from '@middy/core';
import type { Context, DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import * as z from 'zod';
import { now } from './clock.ts';
import { readEnv } from './environment.ts';
import { Unavailable } from './fault.ts';
import { log } from './log.ts';
import type { Item, Key } from './table.ts';

export interface Change {
  name: 'INSERT' | 'MODIFY' | 'REMOVE';
  keys: Key;
  before?: Item;
  after?: Item;
}

/** Handles each change in turn (ReportBatchItemFailures). */
export function onRecords<S extends z.ZodType>(
  schema: S,
  handle: (change: Change, call: { env: z.infer<S>; now: number }) => Promise<void>,
) {
  return onBatch(schema, async (changes, call, done) => {
    for (const change of changes) {
      await handle(change, call);
      done();
    }
  });
}

/** PutEvents takes ten entries a call. */
const entriesACall = 10;

/** Publishes the outbox items among the changes to the product bus. */
export function outbox() {
  let client: EventBridgeClient | undefined;
  return onBatch(z.object({ BUS_NAME: z.string().min(1) }), async (changes, { env }, done) => {
    client ??= new EventBridgeClient({
      maxAttempts: 3,
      requestHandler: { connectionTimeout: 1_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
    });
    for (let at = 0; at < changes.length; at += entriesACall) {
      const slice = changes.slice(at, at + entriesACall);
      const facts = slice.filter((change) => change.name === 'INSERT' && change.keys.pk.startsWith('OUTBOX#'));
      if (facts.length > 0)
        await send(
          client,
          facts.map((change) => entryOf(change, env.BUS_NAME)),
        );
      for (const _ of slice) done();
    }
  });
}

async function send(client: EventBridgeClient, entries: PutEventsRequestEntry[]): Promise<void> {
  const answer = await client.send(new PutEventsCommand({ Entries: entries }));
  // A partial failure does not throw: sending all again is safe, since consumers claim the fact's id.
  if (answer.FailedEntryCount) throw new Unavailable(`EventBridge refused ${answer.FailedEntryCount} of ${entries.length} facts`);
}

function entryOf(change: Change, bus: string): PutEventsRequestEntry {
  const { type, source, detail } = z.object({ type: z.string(), source: z.string(), detail: z.string() }).parse(change.after);
  return { EventBusName: bus, Source: source, DetailType: type, Detail: detail };
}

function onBatch<S extends z.ZodType>(
  schema: S,
  run: (changes: Change[], call: { env: z.infer<S>; now: number }, done: () => void) => Promise<void>,
) {
  let env: z.infer<S> | undefined;
  return middy(async (event: DynamoDBStreamEvent, _context: Context): Promise<DynamoDBBatchResponse> => {
    env ??= readEnv(schema);
    let handled = 0;
    try {
      await run(event.Records.map(changeOf), { env, now: now() }, () => handled++);
      return { batchItemFailures: [] };
    } catch (error) {
      const failed = event.Records[handled]?.dynamodb?.SequenceNumber;
      log.error('stream record not handled', { error: error as Error, sequence: failed });
      return { batchItemFailures: failed ? [{ itemIdentifier: failed }] : [] };
    }
  });
}

function changeOf(record: DynamoDBRecord): Change {
  const image = (item: unknown) => unmarshall(item as Record<string, AttributeValue>);
  const { Keys, OldImage, NewImage } = record.dynamodb ?? {};
  const keys = z.object({ pk: z.string(), sk: z.string() }).parse(image(Keys ?? {}));
  return {
    name: record.eventName ?? 'MODIFY',
    keys,
    ...(OldImage && { before: image(OldImage) }),
    ...(NewImage && { after: image(NewImage) }),
  };
}
