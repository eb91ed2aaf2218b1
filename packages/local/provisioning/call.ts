/** Calls operations of the stack's own services as AWS itself would be called, without the HTTP around it. */
import { stackCaller } from '../aws/events/user-rules.ts';
import { AwsError, type AwsService, account, region } from '../aws/service.ts';

export const arnOf = (service: string, rest: string) => `arn:aws:${service}:${region}:${account}:${rest}`;

/** Rejects with an `AwsError` for what the SDK would throw. */
// biome-ignore lint/suspicious/noExplicitAny: the answers of many operations; each use reads one member.
export async function call(service: AwsService, operation: string, input: object): Promise<any> {
  const run = service.operations[operation];
  if (!run) throw new Error(`${operation} is not in the embedded stack`);
  return run(input, { caller: stackCaller, requestId: 'stack' });
}

/** Undefined when the thing is not there. */
export async function look(
  service: AwsService,
  operation: string,
  input: object,
  missing: RegExp,
): Promise<ReturnType<typeof call> | undefined> {
  try {
    return await call(service, operation, input);
  } catch (error) {
    if (error instanceof AwsError && missing.test(error.type)) return undefined;
    throw error;
  }
}
