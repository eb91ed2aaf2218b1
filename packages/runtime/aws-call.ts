/**
 * One signed call of an AWS service: a timeout for each try, few tries with jitter on the right errors, AWS's own name for what it refuses. Knows no
 * service's data. In place of the AWS SDK, whose clients took 80 ms of CPU to a cold function's first call where this takes 15 (`npm run bench -- --only B4`).
 * Credentials, region and endpoints come from the variables that Lambda sets and every AWS SDK reads.
 */
import { signed } from './aws-signature.ts';
import { now } from './clock.ts';
import { type Exchanged, exchange } from './exchange.ts';
import { Misconfigured } from './fault.ts';

/** By the name in the credential scope, which also begins the host: the SDKs' name for the endpoint variable, and for JSON protocols target and version. */
const services = {
  backup: { variable: 'BACKUP' },
  'cognito-idp': { variable: 'COGNITO_IDENTITY_PROVIDER', target: 'AWSCognitoIdentityProviderService', json: '1.1' },
  dynamodb: { variable: 'DYNAMODB', target: 'DynamoDB_20120810', json: '1.0' },
  ecs: { variable: 'ECS', target: 'AmazonEC2ContainerServiceV20141113', json: '1.1' },
  elasticfilesystem: { variable: 'EFS' },
  events: { variable: 'EVENTBRIDGE', target: 'AWSEvents', json: '1.1' },
  identitystore: { variable: 'IDENTITYSTORE', target: 'AWSIdentityStore', json: '1.1' },
  kms: { variable: 'KMS', target: 'TrentService', json: '1.1' },
  lambda: { variable: 'LAMBDA' },
  monitoring: { variable: 'CLOUDWATCH' },
  s3: { variable: 'S3' },
  secretsmanager: { variable: 'SECRETS_MANAGER', target: 'secretsmanager', json: '1.1' },
  states: { variable: 'SFN', target: 'AWSStepFunctions', json: '1.0' },
} as const;
type Service = keyof typeof services;
type JsonService = { [S in Service]: (typeof services)[S] extends { json: string } ? S : never }[Service];

export interface Patience {
  /** For one try, to the answer's last byte. */
  timeoutMs?: number;
  /** Tries in all. */
  attempts?: number;
}

export interface AwsRequest extends Patience {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Percent-encoded, from the endpoint's root. */
  path: string;
  /** In front of the service's own host; where an endpoint is configured, in front of the path. */
  bucket?: string;
  /** Names in lower case. */
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
}

/** What AWS answered instead: `name` is its name for the error, `answer` the body of a JSON protocol. */
export class AwsRefusal extends Error {
  readonly status: number;
  readonly answer: Readonly<Record<string, unknown>>;
  constructor(name: string, status: number, answer: Readonly<Record<string, unknown>>, requestId: string) {
    super(`${answer.message ?? answer.Message ?? `AWS answered ${status}`} (AWS request ${requestId})`);
    this.name = name;
    this.status = status;
    this.answer = answer;
  }
}

/**
 * One operation of a service that speaks AWS JSON 1.0 or 1.1. AWS is trusted for the shape of its own answers.
 * @throws AwsRefusal; an Error of the network or of a timeout when nobody answered.
 */
export async function awsJson<Output>(service: JsonService, operation: string, input: object, patience: Patience = {}): Promise<Output> {
  const { target, json } = services[service];
  const headers = { 'content-type': `application/x-amz-json-${json}`, 'x-amz-target': `${target}.${operation}` };
  const { body } = await awsCall(service, { method: 'POST', path: '/', headers, body: JSON.stringify(input), ...patience });
  return JSON.parse(body.toString('utf8') || '{}') as Output;
}

/** @throws as `awsJson`: a status of 300 and above is an AwsRefusal. */
export async function awsCall(service: Service, request: AwsRequest): Promise<Exchanged> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptOnce(service, request);
    } catch (error) {
      const most = error instanceof Error && attempt < (request.attempts ?? 3) ? longestPauseMs(error) : undefined;
      if (most === undefined) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * most * 2 ** (attempt - 1)));
    }
  }
}

/** AWS asked for less traffic, by whichever of its names for that. */
export function isThrottle(error: Error): boolean {
  return error instanceof AwsRefusal && (error.status === 429 || throttles.test(error.name));
}

const throttles =
  /Throttl|ThroughputExceeded|^(RequestLimitExceeded|LimitExceededException|TooManyRequestsException|TransactionInProgressException|SlowDown)$/;

/** Other refusals that the next try may not meet: our clock was set right, S3 was at work on the same object. */
const passing = /^(ClockCorrected|OperationAborted|ConditionalRequestConflict)$/;

/** Before the second try. Undefined: another try would change nothing. */
function longestPauseMs(error: Error): number | undefined {
  if (error.name === 'Misconfigured') return undefined;
  if (!(error instanceof AwsRefusal)) return 100;
  if (isThrottle(error)) return 500;
  return error.status >= 500 || passing.test(error.name) ? 100 : undefined;
}

/** AWS's clock less ours, once AWS has refused a signature for its time. */
let clockOffsetMs = 0;
/** AWS takes signatures of five minutes around its own time. */
const tolerableMs = 4 * 60_000;
const clockErrors = /^(InvalidSignatureException|SignatureDoesNotMatch|RequestExpired|RequestInTheFuture|RequestTimeTooSkewed)$/;

async function attemptOnce(service: Service, request: AwsRequest): Promise<Exchanged> {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN, AWS_REGION: region } = process.env;
  if (!accessKeyId || !secretAccessKey || !region)
    throw new Misconfigured('AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not all set: Lambda sets them');
  const { method, headers = {}, body = '' } = request;
  const url = addressOf(service, region, request);
  const at = now() + clockOffsetMs;
  const signing = { accessKeyId, secretAccessKey, sessionToken: AWS_SESSION_TOKEN, region, service, at };
  const toSend = signed({ method, url, headers, body }, signing);
  const answer = await exchange(url, { method, headers: toSend, body, timeoutMs: request.timeoutMs ?? 3_000 });
  if (answer.status < 300) return answer;
  const refusal = refusalOf(answer);
  const differenceMs = Date.parse(answer.headers.date ?? '') - at;
  if (!clockErrors.test(refusal.name) || !(Math.abs(differenceMs) > tolerableMs)) throw refusal;
  clockOffsetMs += differenceMs;
  throw Object.assign(refusal, { name: 'ClockCorrected' });
}

function addressOf(service: Service, region: string, { bucket, path }: AwsRequest): URL {
  const endpoint = process.env[`AWS_ENDPOINT_URL_${services[service].variable}`] ?? process.env.AWS_ENDPOINT_URL;
  if (endpoint) return new URL(`${endpoint.replace(/\/$/, '')}${bucket === undefined ? '' : `/${bucket}`}${path}`);
  const host = `${service}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
  return new URL(`https://${bucket === undefined ? '' : `${bucket}.`}${host}${path}`);
}

/** The name is a header's, JSON's `__type` (`com.amazonaws...#Name`) or XML's Code. */
function refusalOf({ status, headers, body }: Exchanged): AwsRefusal {
  const text = body.toString('utf8');
  const answer = objectOf(text);
  const said = headers['x-amzn-errortype'] ?? answer.__type ?? answer.code ?? /<Code>([^<]+)</.exec(text)?.[1] ?? `Status${status}`;
  const name = String(said).split(':')[0]?.split('#').at(-1) ?? '';
  return new AwsRefusal(name, status, answer, String(headers['x-amzn-requestid'] ?? headers['x-amz-request-id'] ?? 'unknown'));
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
