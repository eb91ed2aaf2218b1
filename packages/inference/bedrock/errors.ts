/** Bedrock's errors in the words of the Messages API, and back. A sentence is kept, less the ARNs in it; what is to be retried stays so. */

/** As it is named in a stream: `throttlingException`. */
export interface Exception {
  type: string;
  message: string;
}

export interface MessagesError {
  type: string;
  message: string;
}

interface Kind {
  /** As HTTP names it; in a stream the first letter is small. */
  exception: string;
  status: number;
  type: string;
  messagesStatus: number;
}

function kind(exception: string, status: number, type: string, messagesStatus: number): Kind {
  return { exception, status, type, messagesStatus };
}

/** The first of a type is the one that it is turned into. API reference of Bedrock Runtime, InvokeModel; platform.claude.com/docs/en/api/errors. */
const kinds: readonly Kind[] = [
  kind('ValidationException', 400, 'invalid_request_error', 400),
  kind('AccessDeniedException', 403, 'permission_error', 403),
  kind('ResourceNotFoundException', 404, 'not_found_error', 404),
  kind('ThrottlingException', 429, 'rate_limit_error', 429),
  kind('ModelTimeoutException', 408, 'timeout_error', 504),
  kind('ServiceUnavailableException', 503, 'overloaded_error', 529),
  kind('InternalServerException', 500, 'api_error', 500),
  kind('ModelNotReadyException', 429, 'overloaded_error', 529),
  kind('ModelErrorException', 424, 'api_error', 500),
  kind('ModelStreamErrorException', 424, 'api_error', 500),
  kind('ServiceQuotaExceededException', 400, 'rate_limit_error', 429),
  kind('ConflictException', 400, 'invalid_request_error', 400),
  kind('UnrecognizedClientException', 403, 'authentication_error', 401),
  kind('InvalidSignatureException', 403, 'authentication_error', 401),
  kind('ExpiredTokenException', 403, 'authentication_error', 401),
  kind('MissingAuthenticationTokenException', 403, 'authentication_error', 401),
];

/** Types of the Messages API that Bedrock has no own word for. */
const alike: Readonly<Record<string, string>> = {
  request_too_large: 'invalid_request_error',
  billing_error: 'rate_limit_error',
  not_supported: 'invalid_request_error',
};

const fallback = kind('InternalServerException', 500, 'api_error', 500);

/**
 * An answer of Bedrock that is an error.
 * @param name `x-amzn-errortype`, which may carry more after a colon. @param body as it came.
 */
export function messagesError(status: number, name: string | undefined, body: string): MessagesError & { status: number } {
  const exception = name?.split(':')[0];
  const found = kinds.find((one) => one.exception === exception) ?? kinds.find((one) => one.status === status) ?? fallback;
  return { status: found.messagesStatus, type: found.type, message: withoutArns(sentenceOf(body)) };
}

/** What to answer a client that speaks Bedrock's format. */
export function bedrockError({ type, message }: MessagesError): { status: number; name: string; message: string } {
  const found = kindOf(type);
  return { status: found.status, name: found.exception, message };
}

/** An exception of a stream, as the `error` of an event of the Messages API. */
export function sseError({ type, message }: Exception): MessagesError {
  const found = kinds.find(({ exception }) => exception.toLowerCase() === type.toLowerCase()) ?? fallback;
  return { type: found.type, message: withoutArns(message) };
}

/** The `data` of an `error` event, as an exception of a stream. */
export function exceptionOf(event: Readonly<Record<string, unknown>> | undefined): Exception {
  const error = event?.error;
  const { type, message } = typeof error === 'object' && error !== null ? (error as Readonly<Record<string, unknown>>) : {};
  const { exception } = kindOf(typeof type === 'string' ? type : '');
  return { type: exception.charAt(0).toLowerCase() + exception.slice(1), message: typeof message === 'string' ? message : '' };
}

function kindOf(type: string): Kind {
  return kinds.find((one) => one.type === (alike[type] ?? type)) ?? fallback;
}

function sentenceOf(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null) {
      const { message, Message } = parsed as Readonly<Record<string, unknown>>;
      if (typeof message === 'string') return message;
      if (typeof Message === 'string') return Message;
    }
  } catch {
    // Bedrock's front door answers in plain text at times; that is no sentence for a developer.
  }
  return 'Bedrock did not say why';
}

/** An ARN names accounts and roles, which are nobody's business at the other end. */
function withoutArns(message: string): string {
  return message.replaceAll(/\barn:aws[a-z-]*:[^\s"',]+/g, '(arn)');
}
