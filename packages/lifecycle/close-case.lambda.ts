/** The last states of the machine: end its case, and stop the execution where a person has to do something first. */
import { closeCase } from '@gatehouse/contracts/steps/lifecycle';
import { onStep } from '@gatehouse/runtime/step';
import { EndingEnv, endCase } from './end-case.kms.ts';

export const env = EndingEnv;

export const handler = onStep(closeCase, env, async ({ case_id, status, message, stop }, { env, now }) => {
  if (stop && stop.redrive > stop.at) return { status, message: 'The execution was redriven' };
  const ended = await endCase(env, case_id, { status, message }, now);
  if (stop) throw new Stop(stop.as, message);
  return ended;
});

/** Carries the name that the console shows. */
class Stop extends Error {
  constructor(name: 'NeedsHuman' | 'StillHere', message: string) {
    super(message);
    this.name = name;
  }
}
