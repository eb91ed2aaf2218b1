/** Secrets by ARN, kept for five minutes in memory and never logged. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { now } from './clock.ts';
import { Misconfigured, Unavailable } from './fault.ts';

const keepMs = 5 * 60_000;
const kept = new Map<string, { value: string; readAt: number }>();
let client: SecretsManagerClient | undefined;

export async function secret(arn: string): Promise<string> {
  const known = kept.get(arn);
  return known && now() - known.readAt < keepMs ? known.value : secretAgain(arn);
}

/** Reads past the cache: for one more try after the outside refused the secret. */
export async function secretAgain(arn: string): Promise<string> {
  client ??= new SecretsManagerClient({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true },
  });
  const answer = await client.send(new GetSecretValueCommand({ SecretId: arn })).catch((error: unknown) => {
    const name = error instanceof Error ? error.name : '';
    if (name === 'ResourceNotFoundException' || name === 'AccessDeniedException')
      throw new Misconfigured(`The secret ${arn} cannot be read: ${name}`, { cause: error });
    throw new Unavailable('Secrets Manager did not answer', { cause: error });
  });
  if (!answer.SecretString) throw new Misconfigured(`The secret ${arn} has no value yet: put one in`);
  kept.set(arn, { value: answer.SecretString, readAt: now() });
  return answer.SecretString;
}
