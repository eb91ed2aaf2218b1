/** Calls of other capabilities: a step by its alias ARN, and the start of a machine. */
import type { StepContract } from '@gatehouse/contracts/steps/step';
import type * as z from 'zod';
import { awsCall, awsJson, isThrottle } from './aws-call.ts';
import { InvalidRequest, Misconfigured, Throttled, Unavailable } from './fault.ts';

/** Invokes the step and waits; its faults come back by name. */
export async function callStep<I extends z.ZodType, O extends z.ZodType>(
  contract: StepContract<I, O>,
  arn: string,
  input: z.input<I>,
): Promise<z.infer<O>> {
  const path = `/2015-03-31/functions/${encodeURIComponent(arn)}/invocations`;
  const patience = { timeoutMs: contract.timeoutSeconds * 1_000 + 2_000, attempts: 2 };
  const answer = await awsCall('lambda', { method: 'POST', path, body: JSON.stringify(input), ...patience }).catch((error: Error) => {
    const { name } = error;
    if (name === 'AccessDeniedException' || name === 'ResourceNotFoundException')
      throw new Misconfigured(`${contract.name} may not be called or is not there`, { cause: error });
    throw isThrottle(error)
      ? new Throttled(`${contract.name} is busy`, { cause: error })
      : new Unavailable(`${contract.name} did not answer`, { cause: error });
  });
  const payload: unknown = answer.body.length > 0 ? JSON.parse(answer.body.toString('utf8')) : null;
  if (answer.headers['x-amz-function-error']) throw faultOf(contract.name, payload);
  return contract.output.parse(payload);
}

function faultOf(step: string, payload: unknown): Error {
  const { errorType, errorMessage } = (payload ?? {}) as { errorType?: string; errorMessage?: string };
  const message = errorMessage ?? `${step} failed`;
  switch (errorType) {
    case 'Throttled':
      return new Throttled(message);
    case 'Misconfigured':
      return new Misconfigured(message);
    case 'InvalidRequest':
      return new InvalidRequest(message);
    default:
      return new Unavailable(`${step}: ${message}`);
  }
}

/** Starts a machine under its alias. The same name and input while it runs is the same execution; a closed one of that name is `existed`. */
export async function startMachine(arn: string, name: string, input: unknown): Promise<{ execution_arn: string; existed: boolean }> {
  const wish = { stateMachineArn: arn, name, input: JSON.stringify(input) };
  try {
    const started = await awsJson<{ executionArn: string }>('states', 'StartExecution', wish, { timeoutMs: 5_000 });
    return { execution_arn: started.executionArn, existed: false };
  } catch (error) {
    const kind = error instanceof Error ? error.name : '';
    if (kind === 'ExecutionAlreadyExists') return { execution_arn: executionArn(arn, name), existed: true };
    if (kind === 'StateMachineDoesNotExist' || kind === 'AccessDeniedException')
      throw new Misconfigured(`The machine ${arn} cannot be started: ${kind}`, { cause: error });
    throw new Unavailable('Step Functions did not answer', { cause: error });
  }
}

/** `arn:aws:states:R:A:stateMachine:NAME:ALIAS` and a name -> the execution's ARN. */
function executionArn(machine: string, name: string): string {
  const parts = machine.split(':');
  return [...parts.slice(0, 5), 'execution', parts[6], name].join(':');
}
