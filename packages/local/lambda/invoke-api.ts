/** The Lambda Invoke API over HTTP: `POST /2015-03-31/functions/{function}/invocations`. It runs nothing itself and knows no other Lambda call. */
import type { Authorize, AwsAnswer, AwsRequest } from '../aws/endpoint.ts';
import type { LambdaHost } from './contract.ts';
import { functionArn, parseFunction, version } from './reference.ts';

const path = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/;
/** Lambda quotas: invocation payload, synchronous and asynchronous. */
const maxSyncBytes = 6 * 1024 * 1024;
const maxAsyncBytes = 1024 * 1024;
/** Of the log, with `LogType: Tail`: without the lines of Lambda's own, which are not written here. */
const maxTailBytes = 4096;

/** Answers undefined when the request is not an Invoke. */
export async function invokeOverHttp(
  lambda: Pick<LambdaHost, 'has' | 'invoke' | 'invokeAsync'>,
  authorize: Authorize | undefined,
  request: AwsRequest,
): Promise<AwsAnswer | undefined> {
  const found = request.method === 'POST' ? path.exec(request.url.pathname)?.[1] : undefined;
  if (!found) return undefined;
  const { name, qualifier, isKnownQualifier } = parseFunction(
    decodeURIComponent(found),
    request.url.searchParams.get('Qualifier') ?? undefined,
  );
  const denied = authorize?.(request.caller, 'AWSLambda', 'Invoke', { FunctionName: name, Qualifier: qualifier });
  if (denied) return problem(403, denied.type, denied.message);
  if (!lambda.has(name) || !isKnownQualifier)
    return problem(
      404,
      'ResourceNotFoundException',
      `Function not found: ${functionArn(name)}${qualifier === '$LATEST' ? '' : `:${qualifier}`}`,
    );

  const kind = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
  if (kind === 'DryRun') return { status: 204, contentType: 'application/json', body: '' };
  const limit = kind === 'Event' ? maxAsyncBytes : maxSyncBytes;
  if (request.body.length > limit)
    return problem(
      413,
      'RequestTooLargeException',
      `${request.body.length} byte payload is too large for the ${kind} invocation type (limit ${limit} bytes)`,
    );
  let event: unknown = {};
  try {
    if (request.body.length > 0) event = JSON.parse(request.body.toString('utf8'));
  } catch (error) {
    return problem(400, 'InvalidRequestContentException', `Could not parse request body into json: ${(error as Error).message}`);
  }
  if (kind === 'Event') {
    lambda.invokeAsync(name, event);
    return { status: 202, contentType: 'application/json', body: '' };
  }
  const lines: string[] = [];
  const tail = request.headers['x-amz-log-type'] === 'Tail';
  const result = await lambda.invoke(name, event, tail ? { onLine: (line) => void lines.push(line) } : undefined);
  const headers = {
    'x-amz-executed-version': qualifier === '$LATEST' ? '$LATEST' : version,
    ...(tail && { 'x-amz-log-result': Buffer.from(lines.join('\n')).subarray(-maxTailBytes).toString('base64') }),
  };
  if (!result.error) return { status: 200, contentType: 'application/json', body: JSON.stringify(result.value ?? null), headers };
  if (result.refused === 'throttled')
    return problem(429, 'TooManyRequestsException', 'Rate Exceeded.', { Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded' });
  return {
    status: 200,
    contentType: 'application/json',
    body: JSON.stringify(result.error),
    headers: { ...headers, 'x-amz-function-error': 'Unhandled' },
  };
}

function problem(status: number, type: string, message: string, extra: Record<string, string> = {}): AwsAnswer {
  const body = JSON.stringify({ Type: status < 500 ? 'User' : 'Service', Message: message, message, ...extra });
  return { status, contentType: 'application/json', body, headers: { 'x-amzn-errortype': type } };
}
