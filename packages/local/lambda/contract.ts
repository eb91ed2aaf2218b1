/** What the embedded Lambda promises to those who invoke functions: the endpoint, the HTTP front, the bus and the machines. Shapes only. */

/** The error document that Lambda answers for a failed invocation (Invoke API, `X-Amz-Function-Error: Unhandled`). */
export interface FunctionError {
  /** The error's own name, or `Sandbox.Timedout`, `Runtime.OutOfMemory`, `Runtime.ExitError`, `Runtime.ImportModuleError`, ... */
  errorType: string;
  errorMessage: string;
  /** Stack trace, one frame a line; absent when the environment died. */
  trace?: readonly string[];
}

/** `refused` means that no code ran: the Invoke API answers 429, 404 and 413 for these. */
export type InvokeResult =
  | { value: unknown; error?: undefined }
  | { error: FunctionError; refused?: 'throttled' | 'unknown' | 'too_large'; value?: undefined };

/** The metadata that a streaming handler gives to `HttpResponseStream.from`. */
export interface StreamHead {
  statusCode?: number;
  headers?: Readonly<Record<string, string>>;
  multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
  cookies?: readonly string[];
}

/** Where a streaming handler's output goes while it runs. Without it, the chunks are joined into the invocation's value, a string. */
export interface InvokeIo {
  onHead?: (head: StreamHead) => void;
  /** Resolves when the reader has room again: the handler's `write` feels the back-pressure. */
  onChunk?: (chunk: Uint8Array) => void | Promise<void>;
  /** Each line that the function prints meanwhile. */
  onLine?: (line: string) => void;
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
  /** Called once an attempt has succeeded. */
  onSuccess?: () => void;
  /** Called once the last attempt has failed. */
  onFailure?: (event: unknown, error: FunctionError) => void;
}

export interface LambdaHost {
  register(spec: FunctionSpec): void;
  has(name: string): boolean;
  /** All that were registered. */
  functions(): readonly FunctionSpec[];
  /** Never rejects. `name` is a physical function name, without a qualifier. */
  invoke(name: string, event: unknown, io?: InvokeIo): Promise<InvokeResult>;
  /** Accepts the event and answers at once; a failure is tried again after 1 and 2 minutes of stack time. */
  invokeAsync(name: string, event: unknown, options?: AsyncOptions): void;
  /** Events running or queued. One that waits for its retry is not counted: only the clock can wake it. */
  busy(): number;
  /** Execution environments alive now. */
  environments(): number;
  close(): Promise<void>;
}

/** Every line a function writes to stdout or stderr, without its newline. */
export type OnLog = (functionName: string, line: string, requestId: string) => void;
