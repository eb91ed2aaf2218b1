/** Hands a table's stream to the entries that read it, as Lambda's event source mapping does: in order, again from the first record that failed. */
import { functionName, tableName } from '@gatehouse/contracts/names';
import type { Surface } from '@gatehouse/contracts/surface';
import type { DynamoDBRecord } from 'aws-lambda';
import type { DynamoDb } from './aws/dynamodb/dynamodb.ts';
import type { LambdaHost } from './lambda/contract.ts';
import { stage } from './profile.ts';

/** As the stacks deploy it: after these tries a record goes to the dead letters and the feed goes on. */
const maxTries = 6;

export type OnDead = (what: string, records: readonly DynamoDBRecord[]) => void;

export function connectStreams(surfaces: readonly Surface[], dynamodb: DynamoDb, lambda: LambdaHost, onDead: OnDead): void {
  for (const { capability, streams = [] } of surfaces) {
    for (const entry of streams) {
      const name = functionName(stage, capability, entry);
      const tries = new Map<string, number>();
      dynamodb.onRecords(tableName(stage, capability), async (records) => hand(name, records, lambda, tries, onDead), { consumer: entry });
    }
  }
}

async function hand(
  name: string,
  records: DynamoDBRecord[],
  lambda: LambdaHost,
  tries: Map<string, number>,
  onDead: OnDead,
): Promise<void> {
  let rest = records;
  while (rest.length > 0) {
    const result = await lambda.invoke(name, { Records: rest });
    const failed = result.error ? rest[0]?.dynamodb?.SequenceNumber : failedOf(result.value);
    if (failed === undefined) break;
    const at = Math.max(
      0,
      rest.findIndex((record) => record.dynamodb?.SequenceNumber === failed),
    );
    rest = rest.slice(at);
    const count = (tries.get(failed) ?? 0) + 1;
    tries.set(failed, count);
    // Rejecting has the feed come again with the same records after a pause; those before the failed one are handled twice, as on AWS.
    if (count < maxTries) throw new Error(`${name} did not take record ${failed}: try ${count} of ${maxTries}`);
    tries.delete(failed);
    onDead(name, rest.slice(0, 1));
    rest = rest.slice(1);
  }
}

function failedOf(value: unknown): string | undefined {
  const { batchItemFailures } = (value ?? {}) as { batchItemFailures?: { itemIdentifier?: string }[] };
  return batchItemFailures?.[0]?.itemIdentifier;
}
