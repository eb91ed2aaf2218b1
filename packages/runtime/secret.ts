/** Secrets by ARN, kept for five minutes in memory and never logged. */
import { awsJson } from './aws-call.ts';
import { now } from './clock.ts';
import { Misconfigured, Unavailable } from './fault.ts';

const keepMs = 5 * 60_000;
const kept = new Map<string, { value: string; readAt: number }>();

export async function secret(arn: string): Promise<string> {
  const known = kept.get(arn);
  return known && now() - known.readAt < keepMs ? known.value : secretAgain(arn);
}

/** Reads past the cache: for one more try after the outside refused the secret. */
export async function secretAgain(arn: string): Promise<string> {
  if (arn === '') throw new Misconfigured('The profile does not use this secret, so that it was not made');
  const wish = { SecretId: arn };
  const { SecretString } = await awsJson<{ SecretString?: string }>('secretsmanager', 'GetSecretValue', wish).catch((error: Error) => {
    const { name } = error;
    if (name === 'ResourceNotFoundException' || name === 'AccessDeniedException')
      throw new Misconfigured(`The secret ${arn} cannot be read: ${name}`, { cause: error });
    throw new Unavailable('Secrets Manager did not answer', { cause: error });
  });
  if (!SecretString) throw new Misconfigured(`The secret ${arn} has no value yet: put one in`);
  kept.set(arn, { value: SecretString, readAt: now() });
  return SecretString;
}
