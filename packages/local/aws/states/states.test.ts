import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryStore } from './store.ts';
import { begin, createBench, functionError, lambda, only } from './test-machine.ts';

const at = (ms: number) => new Date(ms).toISOString();

describe('what each state makes of its input', () => {
  const cases: { title: string; machine: object; input?: unknown; output: unknown }[] = [
    { title: 'a Pass state hands its input on', machine: only({ Type: 'Pass', End: true }), input: { a: 1 }, output: { a: 1 } },
    {
      title: 'Output replaces it, expressions inside literals',
      machine: only({ Type: 'Pass', Output: { n: '{% $states.input.a + 1 %}', l: ['x', '{% $states.input.a %}'], t: 'x' }, End: true }),
      input: { a: 1 },
      output: { n: 2, l: ['x', 1], t: 'x' },
    },
    {
      title: 'Output and Assign see the old variables',
      machine: only(
        { Type: 'Pass', Assign: { x: 1 }, Next: 'T' },
        {
          T: { Type: 'Pass', Assign: { x: '{% $x + 1 %}', y: '{% $x + 10 %}' }, Output: '{% $x %}', Next: 'U' },
          U: { Type: 'Pass', Output: ['{% $states.input %}', '{% $x %}', '{% $y %}'], End: true },
        },
      ),
      output: [1, 2, 11],
    },
    {
      title: 'a Choice takes the first rule that holds, with its own Output and Assign',
      machine: only(
        {
          Type: 'Choice',
          Choices: [
            { Condition: '{% $states.input.n > 5 %}', Next: 'End' },
            { Condition: '{% $states.input.n > 3 %}', Output: { was: '{% $states.input.n %}' }, Assign: { v: 7 }, Next: 'End' },
          ],
          Output: 'default',
          Default: 'End',
        },
        { End: { Type: 'Succeed', Output: { in: '{% $states.input %}', v: '{% $exists($v) ? $v : 0 %}' } } },
      ),
      input: { n: 4 },
      output: { in: { was: 4 }, v: 7 },
    },
    {
      title: 'a Choice without a rule that holds takes its Default, with the Output of the state',
      machine: only(
        { Type: 'Choice', Choices: [{ Condition: false, Next: 'End' }], Output: { by: 'default' }, Default: 'End' },
        { End: { Type: 'Succeed' } },
      ),
      output: { by: 'default' },
    },
    {
      title: 'a Parallel gathers the outputs in the order of its branches, each with its own copy of the arguments',
      machine: only({
        Type: 'Parallel',
        Arguments: { k: '{% $states.input.k * 2 %}' },
        Branches: [
          { StartAt: 'A', States: { A: { Type: 'Pass', Output: ['a', '{% $states.input.k %}'], End: true } } },
          { StartAt: 'B', States: { B: { Type: 'Succeed', Output: ['b', '{% $states.input.k %}'] } } },
        ],
        Output: { all: '{% $states.result %}' },
        End: true,
      }),
      input: { k: 2 },
      output: {
        all: [
          ['a', 4],
          ['b', 4],
        ],
      },
    },
    {
      title: 'a branch sees the variables around it and its own assignments stay inside',
      machine: only(
        { Type: 'Pass', Assign: { x: 42 }, Next: 'P' },
        {
          P: {
            Type: 'Parallel',
            Branches: [
              {
                StartAt: 'A',
                States: {
                  A: { Type: 'Pass', Assign: { inner: '{% $x + 1 %}' }, Next: 'A2' },
                  A2: { Type: 'Pass', Output: '{% $inner %}', End: true },
                },
              },
            ],
            Next: 'E',
          },
          E: { Type: 'Pass', Output: ['{% $states.input %}', '{% $x %}', '{% $exists($inner) %}'], End: true },
        },
      ),
      output: [[43], 42, false],
    },
    {
      title: 'a Map runs its items in order of their places, selected with their context',
      machine: only({
        Type: 'Map',
        Items: '{% $states.input.list %}',
        ItemSelector: {
          i: '{% $states.context.Map.Item.Index %}',
          v: '{% $states.context.Map.Item.Value %}',
          all: '{% $states.input.n %}',
        },
        ItemProcessor: {
          StartAt: 'I',
          States: { I: { Type: 'Pass', Output: '{% $states.input.i & $states.input.v & $states.input.all %}', End: true } },
        },
        End: true,
      }),
      input: { list: ['a', 'b'], n: 9 },
      output: ['0a9', '1b9'],
    },
    {
      title: 'a Map without Items takes its input, and its iterations know their item',
      machine: only({
        Type: 'Map',
        ItemProcessor: {
          StartAt: 'I',
          States: {
            I: { Type: 'Pass', Output: ['{% $states.context.Map.Item.Index %}', '{% $states.context.Map.Item.Value %}'], End: true },
          },
        },
        End: true,
      }),
      input: [5, 6],
      output: [
        [0, 5],
        [1, 6],
      ],
    },
    {
      title: 'an empty Map has an empty result',
      machine: only({ Type: 'Map', Items: [], ItemProcessor: { StartAt: 'I', States: { I: { Type: 'Pass', End: true } } }, End: true }),
      output: [],
    },
    {
      title: 'a distributed Map takes an object as key and value pairs, in batches, and sees no outer variables',
      machine: only(
        { Type: 'Pass', Assign: { outer: 1 }, Next: 'M' },
        {
          M: {
            Type: 'Map',
            Items: { a: 1, b: 2, c: 3 },
            ItemBatcher: { MaxItemsPerBatch: 2, BatchInput: { z: '{% $outer %}' } },
            ItemProcessor: {
              ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
              StartAt: 'I',
              States: {
                I: {
                  Type: 'Pass',
                  Output: { keys: '{% [$states.input.Items.Key] %}', z: '{% $states.input.BatchInput.z %}', o: '{% $exists($outer) %}' },
                  End: true,
                },
              },
            },
            End: true,
          },
        },
      ),
      output: [
        { keys: ['a', 'b'], z: 1, o: false },
        { keys: ['c'], z: 1, o: false },
      ],
    },
    {
      title: 'a distributed Map puts up with as many failures as it says',
      machine: only({
        Type: 'Map',
        Items: [1, 2, 3],
        ToleratedFailureCount: 1,
        ItemProcessor: {
          ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
          StartAt: 'I',
          States: {
            I: { Type: 'Choice', Choices: [{ Condition: '{% $states.input = 2 %}', Next: 'No' }], Default: 'Yes' },
            No: { Type: 'Fail', Error: 'Two', Cause: 'is even' },
            Yes: { Type: 'Succeed' },
          },
        },
        End: true,
      }),
      output: [1, { Error: 'Two', Cause: 'is even' }, 3],
    },
    {
      title: 'the context names execution, machine and state',
      machine: only({ Type: 'Pass', Output: '{% $states.context %}', End: true }),
      input: { a: 1 },
      output: {
        Execution: {
          Id: 'arn:aws:states:us-east-1:000000000000:execution:m:id-1',
          Input: { a: 1 },
          Name: 'id-1',
          RoleArn: 'arn:aws:iam::000000000000:role/r',
          StartTime: at(begin),
          RedriveCount: 0,
        },
        State: { Name: 'S', EnteredTime: at(begin), RetryCount: 0 },
        StateMachine: { Id: 'arn:aws:states:us-east-1:000000000000:stateMachine:m', Name: 'm' },
      },
    },
  ];
  it.each(cases)('$title', async ({ machine, input, output }) => {
    const bench = createBench();
    const ended = await bench.run(machine, input);
    expect(ended).toMatchObject({ status: 'SUCCEEDED', output });
  });
});

describe('how each state fails', () => {
  const wide = 'x'.repeat(150_000);
  const cases: { title: string; machine: object; input?: unknown; error?: string; cause?: string | RegExp }[] = [
    {
      title: 'a Fail state takes Error and Cause from expressions',
      machine: only({ Type: 'Fail', Error: '{% $states.input.e %}', Cause: "{% 'because ' & $states.input.c %}" }),
      input: { e: 'Mine', c: 'so' },
      error: 'Mine',
      cause: 'because so',
    },
    { title: 'a Fail state needs neither', machine: only({ Type: 'Fail' }) },
    {
      title: 'an expression that yields nothing fails with its field',
      machine: only({ Type: 'Pass', Output: { result: '{% $doesNotExist %}' }, End: true }),
      error: 'States.QueryEvaluationError',
      cause:
        "An error occurred while executing the state 'S' (entered at the event id #2). The JSONata expression '$doesNotExist' specified for the field 'Output/result' returned nothing (undefined).",
    },
    {
      title: 'an expression that throws fails with the reason',
      machine: only({ Type: 'Pass', Assign: { x: "{% $number('y') %}" }, End: true }),
      error: 'States.QueryEvaluationError',
      cause: /field 'Assign\/x' threw an error during evaluation\. D3030/,
    },
    {
      title: 'an expression that yields a function is refused',
      machine: only({ Type: 'Pass', Output: '{% function($x){$x} %}', End: true }),
      error: 'States.QueryEvaluationError',
      cause: /unsupported result type/,
    },
    {
      title: '$eval does not exist',
      machine: only({ Type: 'Pass', Output: "{% $eval('1') %}", End: true }),
      error: 'States.QueryEvaluationError',
      cause: /T1006/,
    },
    {
      title: 'a Choice without Default that matches nothing',
      machine: only({ Type: 'Choice', Choices: [{ Condition: '{% $states.input.a = 1 %}', Next: 'E' }] }, { E: { Type: 'Succeed' } }),
      error: 'States.NoChoiceMatched',
      cause: /did not match/,
    },
    {
      title: 'a Condition that is no boolean',
      machine: only({ Type: 'Choice', Choices: [{ Condition: '{% 1 %}', Next: 'E' }] }, { E: { Type: 'Succeed' } }),
      error: 'States.QueryEvaluationError',
      cause: /Expected 'boolean', but was 'number' for value: 1/,
    },
    {
      title: 'Seconds that are no whole number',
      machine: only({ Type: 'Wait', Seconds: '{% 1.5 %}', End: true }),
      error: 'States.QueryEvaluationError',
      cause: /Seconds.*whole number/,
    },
    {
      title: 'a Timestamp without an offset',
      machine: only({ Type: 'Wait', Timestamp: '{% $states.input %}', End: true }),
      input: '2016-12-05T21:29:29',
      error: 'States.QueryEvaluationError',
      cause: /cannot be parsed as an ISO-8601 extended offset date-time format string: 2016-12-05T21:29:29$/,
    },
    {
      title: 'Items that are no array',
      machine: only({
        Type: 'Map',
        Items: "{% {'foo': 'bar'} %}",
        ItemProcessor: { StartAt: 'I', States: { I: { Type: 'Pass', End: true } } },
        End: true,
      }),
      error: 'States.QueryEvaluationError',
      cause: /Expected 'array', but was 'object' for value: \{"foo":"bar"\}$/,
    },
    {
      title: 'a Map whose input is no array',
      machine: only({ Type: 'Map', ItemProcessor: { StartAt: 'I', States: { I: { Type: 'Pass', End: true } } }, End: true }),
      input: 1,
      error: 'States.QueryEvaluationError',
      cause: /Map state input must be an array but was: 1$/,
    },
    {
      title: 'an output above 256 KiB, which States.ALL does not catch',
      machine: only(
        {
          Type: 'Parallel',
          Branches: [1, 2].map((n) => ({ StartAt: `B${n}`, States: { [`B${n}`]: { Type: 'Pass', Output: wide, End: true } } })),
          Catch: [{ ErrorEquals: ['States.ALL'], Next: 'E' }],
          End: true,
        },
        { E: { Type: 'Succeed' } },
      ),
      error: 'States.DataLimitExceeded',
      cause: "The state/task 'S' returned a result with a size exceeding the maximum number of bytes service limit.",
    },
    {
      title: 'variables above 256 KiB in one Assign',
      machine: only({ Type: 'Pass', Assign: { a: wide, b: wide }, End: true }),
      error: 'States.DataLimitExceeded',
      cause: /256 KiB/,
    },
    {
      title: 'a distributed Map with one failure too many',
      machine: only({
        Type: 'Map',
        Items: [1, 2],
        ToleratedFailurePercentage: 40,
        ItemProcessor: {
          ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
          StartAt: 'I',
          States: { I: { Type: 'Fail', Error: 'E' } },
        },
        End: true,
      }),
      error: 'States.ExceedToleratedFailureThreshold',
      cause: /tolerated failure threshold was exceeded/,
    },
  ];
  it.each(cases)('$title', async ({ machine, input, error, cause }) => {
    const bench = createBench();
    const ended = await bench.run(machine, input);
    expect(ended.status).toBe('FAILED');
    expect(ended.error).toBe(error);
    if (cause instanceof RegExp) expect(ended.cause).toMatch(cause);
    else expect(ended.cause).toBe(cause);
  });

  it('fails the execution that reaches 25,000 events', async () => {
    const bench = createBench();
    const ended = await bench.run(
      only(
        { Type: 'Pass', Next: 'T' },
        { T: { Type: 'Choice', Choices: [{ Condition: false, Next: 'E' }], Default: 'S' }, E: { Type: 'Succeed' } },
      ),
    );
    expect(ended).toMatchObject({ status: 'FAILED', error: 'States.Runtime', redriveStatus: 'NOT_REDRIVABLE' });
    const [last] = (await bench.op('GetExecutionHistory', { executionArn: ended.executionArn, reverseOrder: true, maxResults: 1 })).events;
    expect(last).toMatchObject({ id: 25_000, type: 'ExecutionFailed' });
  });
});

describe('waiting', () => {
  it.each([
    ['Seconds', { Seconds: 90 }],
    ['Seconds from an expression', { Seconds: '{% $states.input.s %}' }],
    ['a Timestamp', { Timestamp: '{% $states.input.t %}' }],
  ])('waits for %s on the stack clock, and counts as parked meanwhile', async (_, until) => {
    const bench = createBench();
    const waiting = await bench.run(only({ Type: 'Wait', ...until, End: true }), { s: 90, t: at(begin + 90_000) });
    expect(waiting.status).toBe('RUNNING');
    expect(bench.states.running()).toEqual({ working: 0, parked: 1 });
    bench.clock.advance(89);
    expect((await bench.settle(waiting.executionArn)).status).toBe('RUNNING');
    bench.clock.advance(1);
    const ended = await bench.settle(waiting.executionArn);
    expect(ended).toMatchObject({ status: 'SUCCEEDED', stopDate: begin / 1000 + 90 });
    expect(bench.states.running()).toEqual({ working: 0, parked: 0 });
  });

  it('counts an execution as working from the moment its wait ends', async () => {
    const bench = createBench();
    await bench.run(only({ Type: 'Wait', Seconds: 1, End: true }));
    bench.clock.advance(1);
    expect(bench.states.running()).toEqual({ working: 1, parked: 0 });
    await bench.states.idle();
  });

  it('does not wait for a Timestamp in the past', async () => {
    const ended = await createBench().run(only({ Type: 'Wait', Timestamp: '2016-12-05T21:29:29Z', End: true }));
    expect(ended.status).toBe('SUCCEEDED');
  });

  it('times the machine out, whatever it is doing', async () => {
    const bench = createBench();
    const waiting = await bench.run({ ...only({ Type: 'Wait', Seconds: 100, End: true }), TimeoutSeconds: 60 });
    bench.clock.advance(60);
    const ended = await bench.settle(waiting.executionArn);
    expect(ended.status).toBe('TIMED_OUT');
    expect(await bench.trace(waiting.executionArn)).toEqual(['1<-0 ExecutionStarted', '2<-0 WaitStateEntered', '3<-0 ExecutionTimedOut']);
    expect(bench.seen.map((view) => view.status)).toEqual(['RUNNING', 'TIMED_OUT']);
  });
});

describe('starting', () => {
  it('starts one execution when the same name is asked for many times at once', async () => {
    const calls: unknown[] = [];
    const bench = createBench({ invoke: async (_, args) => calls.push(args) });
    const stateMachineArn = await bench.create(
      only({ Type: 'Task', Resource: lambda, Next: 'W' }, { W: { Type: 'Wait', Seconds: 9, End: true } }),
    );
    const start = (input: string) => bench.op('StartExecution', { stateMachineArn, name: 'one', input });
    const asked = await Promise.allSettled([...['{}', '{}', '{}'].map(start), start('{"other":1}')]);
    expect(asked.map((each) => each.status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
    await bench.states.idle();
    expect(calls).toHaveLength(1);
  });

  it('says so when the store cannot keep it', async () => {
    const faults: unknown[] = [];
    const store = { ...memoryStore(), append: () => Promise.reject(new Error('disk full')) };
    const bench = createBench({ store, onFault: (error) => faults.push(error) });
    await expect(bench.start(only({ Type: 'Succeed' }))).rejects.toThrow('disk full');
    expect(faults.length).toBeGreaterThan(0);
  });
});

describe('branches', () => {
  it('stops the other branches when one fails, and tells them by their signal', async () => {
    const stopped: string[] = [];
    const bench = createBench({
      invoke: (_, args, { signal }) =>
        new Promise((_resolve, reject) => {
          const name = String(args);
          if (name === 'bad') reject(functionError('Bad'));
          else signal.addEventListener('abort', () => stopped.push(name));
        }),
    });
    const branch = (name: string) => ({
      StartAt: name,
      States: { [name]: { Type: 'Task', Resource: lambda, Arguments: name, End: true } },
    });
    const ended = await bench.run(only({ Type: 'Parallel', Branches: [branch('slow'), branch('bad')], End: true }));
    expect(ended).toMatchObject({ status: 'FAILED', error: 'Bad' });
    expect(stopped).toEqual(['slow']);
    expect((await bench.trace(ended.executionArn)).slice(3)).toEqual([
      '4<-3 TaskStateEntered',
      '5<-3 TaskStateEntered',
      '6<-4 TaskScheduled',
      '7<-6 TaskStarted',
      '8<-5 TaskScheduled',
      '9<-8 TaskStarted',
      '10<-9 TaskFailed',
      '11<-10 TaskStateAborted',
      '12<-10 ParallelStateFailed',
      '13<-12 ExecutionFailed',
    ]);
  });

  it('runs no more iterations at once than MaxConcurrency says, and 40 inline ones when it says nothing', async () => {
    for (const [concurrency, most] of [
      [3, 3],
      [undefined, 40],
    ] as const) {
      let now = 0;
      let peak = 0;
      const bench = createBench({
        invoke: async () => {
          peak = Math.max(peak, ++now);
          await new Promise((resolve) => setImmediate(resolve));
          now--;
          return null;
        },
      });
      const machine = only({
        Type: 'Map',
        Items: Array.from({ length: 60 }, (_, index) => index),
        ...(concurrency !== undefined && { MaxConcurrency: concurrency }),
        ItemProcessor: { StartAt: 'I', States: { I: { Type: 'Task', Resource: lambda, End: true } } },
        End: true,
      });
      expect((await bench.run(machine)).status).toBe('SUCCEEDED');
      expect(peak).toBe(most);
    }
  });

  it('gives the same result whichever order the branches end in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 6 }), async (waits) => {
        const bench = createBench();
        const branches = waits.map((wait, index) => ({
          StartAt: `W${index}`,
          States: { [`W${index}`]: { Type: 'Wait', Seconds: wait, Output: index, End: true } },
        }));
        const { executionArn } = await bench.run(only({ Type: 'Parallel', Branches: branches, End: true }));
        for (let second = 0; second <= 20; second++) {
          bench.clock.advance(1);
          await bench.states.idle();
        }
        const ended = await bench.settle(executionArn);
        expect(ended.output).toEqual(waits.map((_, index) => index));
        bench.clock.close();
      }),
      { numRuns: 20 },
    );
  });
});
