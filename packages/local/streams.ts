/**
 * Hands a table's stream to the entries that read it, as Lambda's event source mapping does: what passes its filters, in order, again from the
 * first record that failed, a batch that failed whole in halves, and a record that fails alone to the dead letters in the end.
 */
import { functionName, tableName } from '@gatehouse/contracts/names';
import type { Surface } from '@gatehouse/contracts/surface';
import type { DynamoDBRecord } from 'aws-lambda';
import type { DynamoDb } from './aws/dynamodb/dynamodb.ts';
import { compilePattern, flattenEvent, matches } from './aws/events/pattern.ts';
import { account, region } from './aws/service.ts';
import type { FunctionError, LambdaHost } from './lambda/contract.ts';
import { stage } from './profile.ts';

/** As the stacks deploy it: after so many retries a record goes to the dead letters and the feed goes on. */
export const maxStreamRetries = 20;

export function streamArn(table: string): string {
  return `arn:aws:dynamodb:${region}:${account}:table/${table}/stream/local`;
}

export type OnSkipped = (
  name: string,
  streamArn: string,
  records: readonly DynamoDBRecord[],
  attempts: number,
  error: FunctionError | undefined,
) => Promise<void>;

export function connectStreams(
  surfaces: readonly Surface[],
  dynamodb: Pick<DynamoDb, 'onRecords'>,
  lambda: Pick<LambdaHost, 'invoke'>,
  onSkipped: OnSkipped,
): void {
  for (const { capability, streams = [] } of surfaces) {
    for (const { entry, filters } of streams) {
      const table = tableName(stage, capability);
      const hand = createHand(functionName(stage, capability, entry), table, lambda, onSkipped);
      const patterns = filters.map(compilePattern);
      const isWanted = (record: DynamoDBRecord) => {
        const event = flattenEvent({ ...record });
        return patterns.some((pattern) => matches(pattern, event));
      };
      dynamodb.onRecords(table, (records) => hand(records.filter(isWanted)), { consumer: entry });
    }
  }
}

/**
 * Resolves once the function took every record or they were skipped. A rejection has the feed come again with the same records after a pause;
 * what was taken before the failed record is not handed over twice while this process lives.
 */
function createHand(name: string, table: string, lambda: Pick<LambdaHost, 'invoke'>, onSkipped: OnSkipped) {
  /** Sequence number -> tries that failed with it as the first record to blame. */
  const tries = new Map<string, number>();
  /** Records at once: halved by a failure of the whole batch, doubled by each success. */
  let most = Number.POSITIVE_INFINITY;
  let takenTo = '';

  return async (records: DynamoDBRecord[]): Promise<void> => {
    let rest = records.filter((record) => sequenceOf(record) > takenTo);
    while (rest.length > 0) {
      const batch = rest.slice(0, most);
      const result = await lambda.invoke(name, { Records: batch });
      const failedAt = result.error ? 0 : failureIn(batch, result.value);
      if (failedAt > 0) {
        takenTo = sequenceOf(batch[failedAt - 1]);
        tries.clear();
      }
      rest = rest.slice(failedAt);
      if (failedAt === batch.length) {
        most *= 2;
        continue;
      }
      const failed = sequenceOf(batch[failedAt]);
      const count = (tries.get(failed) ?? 0) + 1;
      const isAlone = batch.length - failedAt === 1 || !result.error;
      if (isAlone && count > maxStreamRetries) {
        await onSkipped(name, streamArn(table), rest.slice(0, 1), count, result.error);
        tries.delete(failed);
        takenTo = failed;
        rest = rest.slice(1);
        continue;
      }
      tries.set(failed, count);
      if (result.error) most = Math.max(1, Math.ceil(batch.length / 2));
      throw new Error(`${name} did not take record ${failed}: try ${count} of ${maxStreamRetries + 1}`);
    }
  };
}

function sequenceOf(record: DynamoDBRecord | undefined): string {
  return record?.dynamodb?.SequenceNumber ?? '';
}

/** The index of the first record that the function reported; the length of the batch when it took all. */
function failureIn(batch: readonly DynamoDBRecord[], value: unknown): number {
  const { batchItemFailures } = (value ?? {}) as { batchItemFailures?: { itemIdentifier?: string }[] };
  const reported = new Set((batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier));
  if (reported.size === 0) return batch.length;
  const at = batch.findIndex((record) => reported.has(sequenceOf(record)));
  // A report that names no record of the batch has the whole batch come again.
  return at < 0 ? 0 : at;
}
