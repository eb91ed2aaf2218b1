/** For tests: machines on a clock that stands still until it is moved, driven through the operations themselves. */
import { createClock } from '../../clock.ts';
import type { AwsCall } from '../service.ts';
import type { ExecutionView } from './keeper.ts';
import type { Invoke } from './place.ts';
import { createStates, type StatesOptions } from './states.ts';

export interface Event {
  id: number;
  previousEventId: number;
  type: string;
  timestamp: number;
  // biome-ignore lint/suspicious/noExplicitAny: an event's detail members are read by the assertions.
  [details: string]: any;
}

export const begin = Date.parse('2026-03-01T12:00:00.000Z');
const call: AwsCall = { caller: 'test', requestId: 'req-1' };

/** Every operation as `await machine.op('StartExecution', {...})`, and the usual steps in one word. */
export function createBench(options: Partial<StatesOptions> & { invoke?: Invoke } = {}) {
  const clock = options.clock ?? createClock(() => begin);
  const seen: ExecutionView[] = [];
  let ids = 0;
  const states = createStates({
    clock,
    invoke: async (_, args) => args,
    onStatus: (view) => void seen.push(view),
    random: () => 0.5,
    uuid: () => `id-${++ids}`,
    ...options,
  });

  // biome-ignore lint/suspicious/noExplicitAny: answers are read by the assertions, as a client would read them.
  async function op(name: string, input: Record<string, unknown>): Promise<any> {
    const operation = states.service.operations[name];
    if (!operation) throw new Error(`There is no operation ${name}`);
    return operation(input, call);
  }
  async function create(definition: object, name = 'm'): Promise<string> {
    const text = JSON.stringify({ QueryLanguage: 'JSONata', ...definition });
    return (await op('CreateStateMachine', { name, definition: text, roleArn: 'arn:aws:iam::000000000000:role/r' })).stateMachineArn;
  }
  async function start(definition: object, input: unknown = {}, name = 'm'): Promise<string> {
    const stateMachineArn = await create(definition, name);
    return (await op('StartExecution', { stateMachineArn, input: JSON.stringify(input) })).executionArn;
  }
  /** Runs to the end, or to the first wait, and describes what is there; `output` is parsed. */
  async function run(definition: object, input: unknown = {}) {
    return settle(await start(definition, input));
  }
  async function settle(executionArn: string) {
    await states.idle();
    const found = await op('DescribeExecution', { executionArn });
    return { ...found, ...(found.output !== undefined && { output: JSON.parse(found.output) }) };
  }
  async function history(executionArn: string): Promise<Event[]> {
    return (await op('GetExecutionHistory', { executionArn, maxResults: 1000 })).events;
  }
  /** `2<-0 PassStateEntered`, one line an event. */
  async function trace(executionArn: string): Promise<string[]> {
    return (await history(executionArn)).map((event) => `${event.id}<-${event.previousEventId} ${event.type}`);
  }
  return { states, clock, op, create, start, run, settle, history, trace, seen };
}

/** One state between nothing and the end. */
export function only(state: object, more: Record<string, object> = {}): object {
  return { StartAt: 'S', States: { S: state, ...more } };
}
export const lambda = 'arn:aws:states:::lambda:invoke';
export const callback = 'arn:aws:states:::lambda:invoke.waitForTaskToken';
export const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:f';

/** What a function that failed makes the invoker throw. */
export function functionError(errorType: string, errorMessage = 'no'): object {
  return { errorType, errorMessage, trace: [`${errorType}: ${errorMessage}`] };
}
