/** What the embedded Lambda promises to those who invoke functions: the endpoint, the HTTP front, the bus and the machines. Shapes only. */

/** The error document that Lambda answers for a failed invocation (Invoke API, `X-Amz-Function-Error: Unhandled`). */
export interface FunctionError {
  /** The error's own name, or `Sandbox.Timedout`, `Runtime.OutOfMemory`, `Runtime.ExitError`, `Runtime.ImportModuleError`, ... */
  errorType: string;
  errorMessage: string;
  /** Stack trace, one frame a line; absent when the environment died. */
  trace?: readonly string[];
}

/** `refused` means that no code ran: the Invoke API answers 429 and 404 for these. */
export type InvokeResult =
  | { value: unknown; error?: undefined }
  | { error: FunctionError; refused?: 'throttled' | 'unknown'; value?: undefined };

/** The metadata that a streaming handler gives to `HttpResponseStream.from`. */
export interface StreamHead {
  statusCode?: number;
  headers?: Readonly<Record<string, string>>;
  multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
  cookies?: readonly string[];
}

/** Where a streaming handler's output goes while it runs. Without it, the chunks are joined into the invocation's value. */
export interface InvokeIo {
  onHead?: (head: StreamHead) => void;
  /** Resolves when the reader has room again: the handler's `write` feels the back-pressure. */
  onChunk?: (chunk: Uint8Array) => void | Promise<void>;
  /** Aborted when nobody waits for the answer any more. The invocation itself runs on, as it does on AWS. */
  signal?: AbortSignal;
}

export interface FunctionSpec {
  /** Physical name, e.g. `gatehouse-local-access-token`. */
  name: string;
  /** `<file without .ts>.<export>` from the repository's root. */
  handler: string;
  timeoutSeconds: number;
  memoryMb: number;
  env: Readonly<Record<string, string>>;
  /** Environments at once; further events queue. */
  concurrency?: number;
}

export interface AsyncOptions {
  /** Lambda's default is 2. */
  retries?: number;
  /** Called once the last attempt has failed. */
  onFailure?: (event: unknown, error: FunctionError) => void;
}

export interface LambdaHost {
  register(spec: FunctionSpec): void;
  has(name: string): boolean;
  /** Never rejects. `name` is a physical function name, without a qualifier. */
  invoke(name: string, event: unknown, io?: InvokeIo): Promise<InvokeResult>;
  /** Accepts the event and answers at once; retries on the stack clock after 1 and 2 minutes. */
  invokeAsync(name: string, event: unknown, options?: AsyncOptions): void;
  /** Events running, queued, or waiting for a retry that is due. */
  busy(): number;
  close(): Promise<void>;
}
