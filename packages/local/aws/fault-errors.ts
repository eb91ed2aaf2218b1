/** The errors by which each AWS service throttles, and DynamoDB tells of a conflict. Decides nothing about when. */
import { AwsError } from './service.ts';

const throttles: Readonly<Record<string, readonly [type: string, status: number]>> = {
  dynamodb: ['ProvisionedThroughputExceededException', 400],
  lambda: ['TooManyRequestsException', 429],
  sqs: ['RequestThrottled', 403],
  sns: ['Throttling', 400],
  s3: ['SlowDown', 503],
  scheduler: ['ThrottlingException', 429],
};

export function throttleOf(service: string): AwsError {
  const [type, status] = throttles[service] ?? ['ThrottlingException', 400];
  return new AwsError(type, 'Rate exceeded', { status });
}

/** A transaction is cancelled with a reason for each of its items; a plain write is refused by an exception of its own. */
export function conflictOf(operation: string, input: unknown): AwsError {
  if (!operation.startsWith('Transact')) return new AwsError('TransactionConflictException', 'Transaction is ongoing for the item');
  const { TransactItems } = (input ?? {}) as { TransactItems?: unknown };
  const count = Array.isArray(TransactItems) ? TransactItems.length : 1;
  const CancellationReasons = Array.from({ length: count }, (_, index) =>
    index === 0 ? { Code: 'TransactionConflict', Message: 'Transaction is ongoing for the item' } : { Code: 'None' },
  );
  const codes = CancellationReasons.map(({ Code }) => Code).join(', ');
  const message = `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`;
  return new AwsError('TransactionCanceledException', message, { extra: { CancellationReasons } });
}
