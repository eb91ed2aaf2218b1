/** Step Functions for the embedded stack: standard machines in JSONata, on the stack's clock. Tasks are done by the injected invoker. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { type AwsService, account } from '../service.ts';
import { createExecutions } from './executions.ts';
import { createEvaluator } from './expression.ts';
import type { OnStatus } from './keeper.ts';
import { createMachines } from './machines.ts';
import { executionOperations } from './operations.executions.ts';
import { machineOperations } from './operations.machines.ts';
import type { Invoke } from './place.ts';
import { type ExecutionStore, memoryStore } from './store.ts';
import { createTokens } from './tokens.ts';

export interface StatesOptions {
  clock: Clock;
  /**
   * Does a Task: resolves with what `$states.result` shows (for `lambda:invoke` `{Payload, StatusCode, ExecutedVersion}`, for a function's
   * own ARN its answer). Throws `{errorType, errorMessage, trace}` for a function's error, AwsError for a service's, StatesFault for others.
   */
  invoke: Invoke;
  /** Told of RUNNING, SUCCEEDED, FAILED, TIMED_OUT and ABORTED, after the status is stored, at least once each. */
  onStatus?: OnStatus;
  store?: ExecutionStore;
  /** Told when the store or the listener failed: a bug or a full disk. */
  onFault?: (error: unknown) => void;
  /** For machines created without one. */
  roleArn?: string;
  /** In [0, 1): jitter, `$random` and the choice of an alias's version. */
  random?: () => number;
  uuid?: () => string;
}

export interface States {
  service: AwsService;
  /** Loads what the store keeps. Call it before the first operation. `hold` leaves the executions that were running to `resume`. */
  open(options?: { hold?: boolean }): Promise<void>;
  /** Goes on with the executions that were running: once what their tasks need is there. */
  resume(): void;
  /** Executions with work in flight, and those that only wait for time, a retry or a task token. */
  running(): { working: number; parked: number };
  /** Resolves when no execution has work in flight and every status was told. */
  idle(): Promise<void>;
  /** Lets go of the executions without ending them; a later `open` on the same store goes on with them. */
  close(): Promise<void>;
}

export function createStates(options: StatesOptions): States {
  const { clock, invoke, onStatus = () => {}, store = memoryStore(), random = Math.random, uuid = randomUUID } = options;
  const onFault = options.onFault ?? ((error) => console.error('embedded Step Functions', error));
  const roleArn = options.roleArn ?? `arn:aws:iam::${account}:role/states`;
  const now = () => clock.now();
  const evaluator = createEvaluator({ now, random, uuid });
  const tokens = createTokens(uuid);
  const machines = createMachines({ store, compile: evaluator.compile, random });
  const executions = createExecutions({ clock, evaluator, random, uuid, invoke, onStatus, store, tokens, onFault });
  const service: AwsService = {
    targets: ['AWSStepFunctions'],
    json: '1.0',
    operations: {
      ...machineOperations({ machines, now, uuid, roleArn }),
      ...executionOperations({ executions, machines, tokens, now, uuid }),
    },
  };
  return {
    service,
    async open({ hold = false } = {}) {
      await machines.open();
      await executions.open(async (hash) => (await machines.definition(hash)).machine);
      if (!hold) executions.resume();
    },
    resume: () => executions.resume(),
    running: () => ({ working: executions.working(), parked: executions.parked() }),
    idle: () => executions.idle(),
    close: () => executions.close(),
  };
}
