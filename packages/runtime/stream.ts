/** Entries that a table's own stream calls: records one by one in order, a failed one and what follows it come again. */
import type { Context, DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import * as z from 'zod';
import { type Attributes, itemOf } from './attribute.ts';
import { awsJson } from './aws-call.ts';
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
  return onBatch(z.object({ BUS_NAME: z.string().min(1) }), async (changes, { env }, done) => {
    for (let at = 0; at < changes.length; at += entriesACall) {
      const slice = changes.slice(at, at + entriesACall);
      const facts = slice.filter((change) => change.name === 'INSERT' && change.keys.pk.startsWith('OUTBOX#'));
      if (facts.length > 0) await send(facts.map((change) => entryOf(change, env.BUS_NAME)));
      for (const _ of slice) done();
    }
  });
}

interface BusEntry {
  EventBusName: string;
  Source: string;
  DetailType: string;
  Detail: string;
}

async function send(entries: readonly BusEntry[]): Promise<void> {
  const answer = await awsJson<{ FailedEntryCount?: number }>('events', 'PutEvents', { Entries: entries }, { timeoutMs: 5_000 });
  // A partial failure does not throw: sending all again is safe, since consumers claim the fact's id.
  if (answer.FailedEntryCount) throw new Unavailable(`EventBridge refused ${answer.FailedEntryCount} of ${entries.length} facts`);
}

function entryOf(change: Change, bus: string): BusEntry {
  const { type, source, detail } = z.object({ type: z.string(), source: z.string(), detail: z.string() }).parse(change.after);
  return { EventBusName: bus, Source: source, DetailType: type, Detail: detail };
}

function onBatch<S extends z.ZodType>(
  schema: S,
  run: (changes: Change[], call: { env: z.infer<S>; now: number }, done: () => void) => Promise<void>,
) {
  let env: z.infer<S> | undefined;
  return async (event: DynamoDBStreamEvent, _context: Context): Promise<DynamoDBBatchResponse> => {
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
  };
}

function changeOf(record: DynamoDBRecord): Change {
  // @types/aws-lambda leaves open which of an attribute's types it has; it has exactly one.
  const image = (item: object) => itemOf(item as Attributes);
  const { Keys, OldImage, NewImage } = record.dynamodb ?? {};
  const keys = z.object({ pk: z.string(), sk: z.string() }).parse(image(Keys ?? {}));
  return {
    name: record.eventName ?? 'MODIFY',
    keys,
    ...(OldImage && { before: image(OldImage) }),
    ...(NewImage && { after: image(NewImage) }),
  };
}
