/** Access's steps of a key rotation: the next key is published, then signs, then the former one is withdrawn. Each says how long to wait before the one after it. */
import * as z from 'zod';
import { step } from './step.ts';

const faults = ['Throttled', 'Unavailable', 'Misconfigured'] as const;
/** Seconds that must pass before the next step may be tried. */
const wait_seconds = z.int().min(0);

/** The first state of the machine: refuses what is missing or wrong with a sentence, and makes the next key known. */
export const publishSigningKey = step({
  name: 'publish-signing-key',
  owner: 'access',
  /** What an admin may write in the console is checked by the step itself, so that its refusal can be a sentence. */
  input: z.strictObject({ input: z.unknown(), execution_arn: z.string() }),
  output: z.strictObject({ outcome: z.enum(['published', 'planned']), kid: z.string(), wait_seconds, message: z.string() }),
  idempotency: 'one next key at a time: who comes second joins the first',
  faults: ['InvalidRequest', ...faults],
  timeoutSeconds: 20,
});

/** Lets the published key sign, unless somebody's copy of the key set may still lack it. */
export const activateSigningKey = step({
  name: 'activate-signing-key',
  owner: 'access',
  input: z.strictObject({ kid: z.string() }),
  output: z.strictObject({ outcome: z.enum(['done', 'nothing_to_do', 'not_yet']), wait_seconds, message: z.string() }),
  idempotency: 'kid',
  faults,
  timeoutSeconds: 20,
});

/** Withdraws keys that no living token can bear. */
export const retireSigningKey = step({
  name: 'retire-signing-key',
  owner: 'access',
  input: z.strictObject({ kid: z.string() }),
  output: z.strictObject({ outcome: z.enum(['done', 'nothing_to_do', 'not_yet']), wait_seconds, message: z.string() }),
  idempotency: 'kid',
  faults,
  timeoutSeconds: 20,
});
