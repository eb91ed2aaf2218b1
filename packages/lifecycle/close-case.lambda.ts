/** The last state of the machine: ends its case. */
import { closeCase } from '@gatehouse/contracts/steps/lifecycle';
import { onStep } from '@gatehouse/runtime/step';
import { EndingEnv, endCase } from './end-case.kms.ts';

export const env = EndingEnv;

export const handler = onStep(closeCase, env, ({ case_id, status, message }, { env, now }) =>
  endCase(env, case_id, { status, message }, now),
);
