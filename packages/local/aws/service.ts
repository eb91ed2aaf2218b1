/** What a service of the embedded AWS endpoint is: JSON operations behind `x-amz-target` prefixes. Nothing here speaks HTTP. */

export const region = 'us-east-1';
export const account = '000000000000';

export interface AwsCall {
  /** The access key id of the caller's signature: a function's physical name inside the stack, anything for people. */
  caller: string;
  requestId: string;
}

// biome-ignore lint/suspicious/noExplicitAny: an operation's input is whatever the SDK sent; each operation checks what it reads.
export type Operation = (input: any, call: AwsCall) => unknown | Promise<unknown>;

export interface AwsService {
  /** e.g. `DynamoDB_20120810`, `AWSStepFunctions`. */
  targets: readonly string[];
  json: '1.0' | '1.1';
  operations: Readonly<Record<string, Operation>>;
}

/** A modelled error: the SDK rebuilds its typed exception from `type`. `extra` joins the body, e.g. CancellationReasons. */
export class AwsError extends Error {
  override name = 'AwsError';
  readonly type: string;
  readonly status: number;
  readonly extra: Readonly<Record<string, unknown>>;
  constructor(type: string, message: string, options: { status?: number; extra?: Record<string, unknown> } = {}) {
    super(message);
    this.type = type;
    this.status = options.status ?? 400;
    this.extra = options.extra ?? {};
  }
}
