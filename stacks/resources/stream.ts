/** Feeds a table's stream to one entry: a record that cannot be handled is cut out, retried alone, and put aside in the end. */
import type { StreamReader } from '@gatehouse/contracts/stream-filter';
import type { Capability } from '@gatehouse/contracts/surface';
import { pascal } from '../stage.ts';
import type { Deployed } from './function.ts';

export function feed(
  capability: Capability,
  { entry, filters }: StreamReader,
  target: Deployed,
  table: sst.aws.Dynamo | undefined,
  deadLetters: aws.sqs.Queue | undefined,
): void {
  if (!table) throw new Error(`${capability} feeds "${entry}" from a stream but has no table`);
  if (!deadLetters) throw new Error(`The stream of ${capability} has no dead-letter queue`);
  new aws.lambda.EventSourceMapping(pascal(capability, entry, 'feed'), {
    eventSourceArn: table.nodes.table.streamArn,
    functionName: target.alias.arn,
    // From the oldest record still there: what was written while no mapping stood is not lost.
    startingPosition: 'TRIM_HORIZON',
    batchSize: 100,
    filterCriteria: { filters: filters.map((filter) => ({ pattern: JSON.stringify(filter) })) },
    bisectBatchOnFunctionError: true,
    maximumRetryAttempts: 20,
    functionResponseTypes: ['ReportBatchItemFailures'],
    destinationConfig: { onFailure: { destinationArn: deadLetters.arn } },
  });
}
