/**
 * What the conformance suite asks: the embedded stack, or whatever CONFORMANCE_ENDPOINT names; `aws` is the account that the usual AWS
 * variables and files lead to. It makes names that nobody else has and knows how patient to be; it asserts nothing.
 */
import { randomBytes } from 'node:crypto';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { startStack } from '../../support/stack.ts';

export interface Target {
  /** For any SDK client. */
  client: {
    region: string;
    endpoint?: string;
    credentials?: { accessKeyId: string; secretAccessKey: string };
  };
  /** A role that Step Functions may assume. */
  roleArn: string;
  /** `conformance-<run>-<what>`. */
  name(what: string): string;
  /** Asks until the answer is not undefined: AWS's control planes and metrics are eventually consistent. */
  until<T>(ask: () => Promise<T | undefined>, what: string): Promise<T>;
  stop(): Promise<void>;
}

/** By service; CONFORMANCE_ONLY=dynamodb,kms asks for these alone. */
export function isAsked(service: string): boolean {
  const only = process.env.CONFORMANCE_ONLY;
  return only === undefined || only.split(',').includes(service);
}

const account = '000000000000';

export async function openTarget(): Promise<Target> {
  const { CONFORMANCE_ENDPOINT: endpoint, CONFORMANCE_REGION: region = 'us-east-1', CONFORMANCE_ROLE_ARN } = process.env;
  const run = randomBytes(4).toString('hex');
  const common = {
    roleArn: CONFORMANCE_ROLE_ARN ?? `arn:aws:iam::${account}:role/conformance`,
    name: (what: string) => `conformance-${run}-${what}`,
    until: <T>(ask: () => Promise<T | undefined>, what: string) => until(ask, what, endpoint === undefined ? 10_000 : 300_000),
  };
  if (endpoint === 'aws') return { ...common, client: { region }, stop: async () => {} };
  const credentials = {
    accessKeyId: process.env.AWS_ACCESS_KEY_ID ?? 'conformance',
    secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY ?? 'conformance',
  };
  if (endpoint !== undefined) return { ...common, client: { region, endpoint, credentials }, stop: async () => {} };
  const stack = await startStack({ args: ['--fast'] });
  return { ...common, client: { region: 'us-east-1', endpoint: stack.aws, credentials }, stop: () => stack.stop() };
}

async function until<T>(ask: () => Promise<T | undefined>, what: string, timeoutMs: number): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (let pauseMs = 10; ; pauseMs = Math.min(pauseMs * 2, 5000)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`${what} did not come within ${timeoutMs / 1000} seconds`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** As any client of the SDK finds them, for calls that need no client of their own. */
export async function credentialsOf({ client }: Target): Promise<{ accessKeyId: string; secretAccessKey: string; sessionToken?: string }> {
  const { accessKeyId, secretAccessKey, sessionToken } = await new SchedulerClient(client).config.credentials();
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
}
