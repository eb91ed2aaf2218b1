/** Runs a generated machine on both interpreters and says what each did: how it ended, with what, and which tasks it called with what. */
import { deepStrictEqual } from 'node:assert/strict';
import { StateMachine } from 'aws-local-stepfunctions';
import * as fc from 'fast-check';
import { memoryStore } from '../../packages/local/aws/states/store.ts';
import { createBench } from '../../packages/local/aws/states/test-machine.ts';
import { anyCase, type Data, type Script, type Written, write } from './two-dialects.ts';

interface Run {
  ended: { output: unknown } | { error: string };
  /** The calls of each lane in their order, or sorted when they may mix. */
  lanes: Record<string, string[]>;
}

export interface Compared {
  cases: number;
  /** How often each end came: `output`, or the error's name. */
  ends: Record<string, number>;
}

/** Runs `cases` machines on both; throws with the smallest one on which they differ. `progress` is told of the cases done. */
export async function compareInterpreters(cases: number, seed: number, progress: (done: number) => void = () => {}): Promise<Compared> {
  const ends: Record<string, number> = {};
  let done = 0;
  await fc.assert(
    fc.asyncProperty(anyCase, async (generated) => {
      const written = write(generated);
      const ours = await runOurs(written, generated.input);
      const end = 'output' in ours.ended ? 'output' : ours.ended.error;
      ends[end] = (ends[end] ?? 0) + 1;
      progress(++done);
      deepStrictEqual(ours, await runSecond(written, generated.input));
    }),
    { numRuns: cases, seed },
  );
  return { cases: done, ends };
}

class TaskError extends Error {
  constructor(name: string) {
    super('no');
    this.name = name;
  }
}

interface Tasks {
  /** Throws a TaskError where the script has an error. */
  call(name: string, input: unknown): Data;
  seen(): Run['lanes'];
}

/** Answers tasks by their scripts and remembers the calls. */
function createTasks(scripts: ReadonlyMap<string, Script>): Tasks {
  const calls = new Map<string, number>();
  const lanes = new Map<string, { unordered: boolean; calls: string[] }>();
  function call(name: string, input: unknown): Data {
    const script = scripts.get(name);
    if (!script) throw new Error(`There is no task ${name}`);
    const text = `${name} ${JSON.stringify(sorted(input))}`;
    const before = calls.get(text) ?? 0;
    calls.set(text, before + 1);
    if (script.lane !== undefined) {
      const lane = lanes.get(script.lane) ?? { unordered: script.unordered, calls: [] };
      lane.calls.push(text);
      lanes.set(script.lane, lane);
    }
    const error = script.errors[before];
    if (error !== undefined) throw new TaskError(error);
    return script.answer;
  }
  const seen = () =>
    Object.fromEntries(
      [...lanes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, lane]) => [name, lane.unordered ? lane.calls.toSorted() : lane.calls]),
    );
  return { call, seen };
}

/** One Step Functions for many cases: it compiles an expression once. */
let shared: { bench: ReturnType<typeof createBench>; tasks: Tasks; runs: number } | undefined;
const runsOfOne = 200;

function benchFor(tasks: Tasks): ReturnType<typeof createBench> {
  if (shared && shared.runs++ < runsOfOne) {
    shared.tasks = tasks;
    return shared.bench;
  }
  const bench = createBench({
    store: memoryStore(),
    invoke: async (_resource, args, { context }) => {
      const { State } = context as { State: { Name: string } };
      try {
        return shared?.tasks.call(State.Name, args);
      } catch (error) {
        if (!(error instanceof TaskError)) throw error;
        throw { errorType: error.name, errorMessage: error.message, trace: [] };
      }
    },
  });
  shared?.bench.clock.close();
  shared = { bench, tasks, runs: 1 };
  return bench;
}

async function runOurs({ jsonata, scripts }: Written, input: Data): Promise<Run> {
  const tasks = createTasks(scripts);
  const bench = benchFor(tasks);
  let found = await bench.settle(await bench.start(jsonata, input, 'm'));
  while (found.status === 'RUNNING') {
    bench.clock.advance(3600);
    found = await bench.settle(found.executionArn);
  }
  await bench.op('DeleteStateMachine', { stateMachineArn: found.stateMachineArn });
  return { ended: found.status === 'SUCCEEDED' ? { output: sorted(found.output) } : { error: String(found.error) }, lanes: tasks.seen() };
}

async function runSecond({ jsonpath, scripts, retryable }: Written, input: Data): Promise<Run> {
  const tasks = createTasks(scripts);
  // Its type is a union over the fields of every state; ours refuses what is not well formed.
  const machine = new StateMachine(jsonpath as unknown as ConstructorParameters<typeof StateMachine>[0], {
    validationOptions: { noValidate: true },
  });
  const run = machine.run(
    { ...input },
    {
      overrides: {
        taskResourceLocalHandlers: Object.fromEntries(
          [...scripts.keys()].map((name) => [name, (given: unknown) => ({ ...tasks.call(name, given) })]),
        ),
        retryIntervalOverrides: Object.fromEntries(retryable.map((name) => [name, 0])),
      },
    },
  );
  try {
    return { ended: { output: sorted(await run.result) }, lanes: tasks.seen() };
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    return { ended: { error: cause instanceof Error ? cause.name : String(error) }, lanes: tasks.seen() };
  }
}

/** Members in order, and without the text of causes: a function's error is JSON on AWS and in ours, its bare message in the second. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([name]) => name !== 'Cause');
  return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, sorted(inner)]));
}
