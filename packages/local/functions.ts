/**
 * The functions as the rest of the stack calls them: what was asked to go wrong goes wrong here, and an event that a function gives up on is
 * told with the number of its attempts. It runs no code itself.
 */
import type { AwsFaults } from './aws/faults.ts';
import type { AwsError } from './aws/service.ts';
import type { Clock } from './clock.ts';
import type { FunctionError, InvokeIo, InvokeResult, LambdaHost } from './lambda/contract.ts';

export interface Functions extends Pick<LambdaHost, 'has' | 'invokeAsync' | 'busy'> {
  /** @param state of the machine that invokes it. */
  invoke(name: string, event: unknown, io?: InvokeIo, state?: string): Promise<InvokeResult>;
}

export interface FunctionsOptions {
  faults: AwsFaults;
  clock: Clock;
  onGaveUp(name: string, event: unknown, error: FunctionError, attempts: number): unknown;
}

/** Lambda's own pause before an asynchronous event is tried again; its second is twice as long. */
const retryMs = 60_000;

export function createFunctions(lambda: LambdaHost, { faults, clock, onGaveUp }: FunctionsOptions): Functions {
  /** Calls that a fault holds. */
  let held = 0;

  const callOf = (functionName: string, input: unknown) => ({
    service: 'lambda',
    operation: 'Invoke',
    functionName,
    caller: 'stack',
    input,
  });

  const invoke: Functions['invoke'] = async (name, event, io, state) => {
    const call = { ...callOf(name, event), ...(state !== undefined && { state }) };
    if (!faults.waitsFor(call)) return lambda.invoke(name, event, io);
    held++;
    try {
      const met = await faults.meet(call);
      if (met?.error) return refusedBy(met.error);
      if (met?.answer) return { value: met.answer };
      const result = await lambda.invoke(name, event, met?.answerLost ? undefined : io);
      return met?.answerLost && !result.error ? { error: died } : result;
    } finally {
      held--;
    }
  };

  const invokeAsync: LambdaHost['invokeAsync'] = (name, event, { retries = 2, onSuccess, onFailure } = {}) => {
    const giveUp = onFailure ?? ((gone: unknown, error: FunctionError) => onGaveUp(name, gone, error, retries + 1));
    const attempt = async (failures: number): Promise<void> => {
      // Without a fault in sight the host's own retries do the rest.
      if (!faults.waitsFor(callOf(name, event)))
        return lambda.invokeAsync(name, event, {
          retries: retries - failures,
          ...(onSuccess && { onSuccess }),
          onFailure: giveUp,
        });
      const { error } = await invoke(name, event);
      if (!error) return onSuccess?.();
      if (failures < retries) clock.after(retryMs * (failures + 1), () => void attempt(failures + 1));
      else giveUp(event, error);
    };
    void attempt(0);
  };

  return { has: lambda.has, invoke, invokeAsync, busy: () => lambda.busy() + held };
}

/** The work was done, but nobody hears of it. */
const died: FunctionError = { errorType: 'Runtime.ExitError', errorMessage: 'Error: Runtime exited without providing a reason' };

function refusedBy({ type, message }: AwsError): InvokeResult {
  const error = { errorType: type, errorMessage: message };
  return type === 'TooManyRequestsException' ? { error, refused: 'throttled' } : { error };
}
