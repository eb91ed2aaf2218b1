/** Which changes of a table its own stream hands to an entry, as Lambda's event source mapping filters them (FilterCriteria, DynamoDB Streams). */

/** One of at most five patterns over a stream record; of EventBridge's operators Lambda has those named in its guide, `wildcard` and `cidr` not among them. */
export interface StreamFilter {
  eventName?: readonly ('INSERT' | 'MODIFY' | 'REMOVE')[];
  dynamodb: {
    Keys?: Readonly<Partial<Record<'pk' | 'sk', StringAttribute>>>;
    NewImage?: Readonly<Record<string, StringAttribute>>;
  };
}
interface StringAttribute {
  S: readonly (string | { prefix: string } | { exists: boolean })[];
}

/** Spares invocations and decides nothing: the entry itself still looks at what it is handed. */
export interface StreamReader {
  entry: string;
  filters: readonly StreamFilter[];
}

/** The outbox's publisher, which is asked for new facts only. */
export const publisher: StreamReader = {
  entry: 'publish',
  filters: [{ eventName: ['INSERT'], dynamodb: { Keys: { pk: { S: [{ prefix: 'OUTBOX#' }] } } } }],
};
