/** One step of a machine: its input is parsed, its answer checked, and only the fault names of its contract come out, without stacks or causes. */
import type { StepContract } from '@gatehouse/contracts/steps/step';
import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { now } from './clock.ts';
import { readEnv } from './environment.ts';
import { log } from './log.ts';

export function onStep<I extends z.ZodType, O extends z.ZodType, S extends z.ZodType>(
  contract: StepContract<I, O>,
  schema: S,
  handle: (input: z.infer<I>, call: { env: z.infer<S>; now: number }) => Promise<z.infer<O>>,
) {
  let env: z.infer<S> | undefined;
  return async (input: unknown, _context: Context): Promise<z.infer<O>> => {
    try {
      env ??= readEnv(schema);
      const parsed = contract.input.safeParse(input);
      if (!parsed.success)
        throw named('Misconfigured', `${contract.name} was called with what it does not take: ${z.prettifyError(parsed.error)}`);
      return contract.output.parse(await handle(parsed.data, { env, now: now() }));
    } catch (error) {
      const name = error instanceof Error ? error.name : 'Unknown';
      log.error('step failed', { step: contract.name, error: error as Error });
      if (contract.faults.some((fault) => fault === name)) throw named(name, error instanceof Error ? error.message : name);
      throw named('Misconfigured', `${contract.name} hit a fault of its own (${name}); its log says more`);
    }
  };
}

/** Machine state is read by every console user: no stack, no cause. */
function named(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  error.stack = '';
  return error;
}
