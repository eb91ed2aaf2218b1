import { describe, expect, it } from 'vitest';
import { AwsError } from '../service.ts';
import type { InvokeOptions } from './place.ts';
import { callback, createBench, functionArn, functionError, lambda, only } from './test-machine.ts';

/** Fails as often as said, then answers. */
function failing(errors: unknown[]) {
  const left = [...errors];
  return async () => {
    if (left.length > 0) throw left.shift();
    return { Payload: 'done', StatusCode: 200 };
  };
}
const never = () => new Promise<never>(() => {});
const task = (more: object) => only({ Type: 'Task', Resource: lambda, ...more, End: true }, {});

describe('a task', () => {
  it('hands resource, arguments and context to the invoker, and its answer to Output', async () => {
    const calls: [string, unknown, Partial<InvokeOptions>][] = [];
    const bench = createBench({
      invoke: async (resource, args, { context }) => {
        calls.push([resource, args, { context }]);
        return { Payload: { n: 7 }, StatusCode: 200 };
      },
    });
    const machine = task({ Arguments: { FunctionName: 'f', Payload: '{% $states.input %}' }, Output: '{% $states.result.Payload.n %}' });
    expect(await bench.run(machine, { a: 1 })).toMatchObject({ status: 'SUCCEEDED', output: 7 });
    expect(calls).toEqual([
      [lambda, { FunctionName: 'f', Payload: { a: 1 } }, { context: expect.objectContaining({ State: expect.anything() }) }],
    ]);
  });

  it.each([
    [
      'a function',
      functionError('Throttled', 'slow down'),
      'Throttled',
      '{"errorType":"Throttled","errorMessage":"slow down","trace":["Throttled: slow down"]}',
      lambda,
    ],
    [
      'an SDK call',
      new AwsError('ResourceNotFoundException', 'Requested resource not found'),
      'DynamoDb.ResourceNotFoundException',
      'Requested resource not found (Service: DynamoDb, Status Code: 400)',
      'arn:aws:states:::aws-sdk:dynamodb:getItem',
    ],
    [
      'an SDK call whose error has a short name',
      new AwsError('TaskTimedOut', 'x'),
      'Sfn.TaskTimedOutException',
      'x (Service: Sfn, Status Code: 400)',
      'arn:aws:states:::aws-sdk:sfn:sendTaskSuccess',
    ],
    ['something else', new Error('boom'), 'States.TaskFailed', 'boom', lambda],
  ])('fails with the name and cause of %s', async (_, thrown, error, cause, Resource) => {
    const bench = createBench({ invoke: failing([thrown]) });
    expect(await bench.run(task({ Resource }))).toMatchObject({ status: 'FAILED', error, cause });
  });

  it('fails when PutEvents left an entry behind', async () => {
    const answer = { FailedEntryCount: 1, Entries: [{ ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' }] };
    const bench = createBench({ invoke: async () => answer });
    const ended = await bench.run(task({ Resource: 'arn:aws:states:::events:putEvents' }));
    expect(ended).toMatchObject({ status: 'FAILED', error: 'EventBridge.FailedEntry', cause: JSON.stringify(answer) });
  });

  it('fails when its result exceeds 256 KiB', async () => {
    const bench = createBench({ invoke: async () => 'x'.repeat(262_143) });
    const ended = await bench.run(task({ Output: 'small' }));
    expect(ended).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
    expect(ended.cause).toContain("The state/task 'lambda' returned");
  });
});

describe('retrying', () => {
  it('waits with backoff, capped, and counts the tries in the context', async () => {
    const seen: unknown[] = [];
    const fail = failing([functionError('E'), functionError('E'), functionError('E')]);
    const bench = createBench({
      invoke: (_, args) => {
        seen.push(args);
        return fail();
      },
    });
    const machine = task({
      Arguments: '{% $states.context.State.RetryCount %}',
      Retry: [{ ErrorEquals: ['E'], IntervalSeconds: 2, BackoffRate: 3, MaxDelaySeconds: 10, MaxAttempts: 3 }],
    });
    const { executionArn } = await bench.run(machine);
    for (const [wait, tries] of [
      [2, 2],
      [6, 3],
      [10, 4],
    ] as const) {
      bench.clock.advance(wait - 0.5);
      await bench.states.idle();
      expect(seen.length).toBe(tries - 1);
      expect(bench.states.running()).toEqual({ working: 0, parked: 1 });
      bench.clock.advance(0.5);
      await bench.states.idle();
      expect(seen.length).toBe(tries);
    }
    expect(seen).toEqual([0, 1, 2, 3]);
    expect((await bench.settle(executionArn)).status).toBe('SUCCEEDED');
  });

  it('gives up after MaxAttempts, at once when that is 0', async () => {
    const bench = createBench({ invoke: failing([functionError('E'), functionError('E')]) });
    const none = await bench.run(task({ Retry: [{ ErrorEquals: ['States.ALL'], MaxAttempts: 0 }] }));
    expect(none).toMatchObject({ status: 'FAILED', error: 'E' });
  });

  it('counts each retrier on its own', async () => {
    const errors = ['A', 'B', 'A', 'B', 'A'].map((name) => functionError(name));
    const bench = createBench({ invoke: failing(errors) });
    const machine = task({
      Retry: [
        { ErrorEquals: ['A'], MaxAttempts: 2, IntervalSeconds: 1 },
        { ErrorEquals: ['B'], MaxAttempts: 2, IntervalSeconds: 1 },
      ],
    });
    const { executionArn } = await bench.run(machine);
    for (let step = 0; step < 10; step++) {
      bench.clock.advance(1);
      await bench.states.idle();
    }
    expect(await bench.settle(executionArn)).toMatchObject({ status: 'FAILED', error: 'A' });
    expect((await bench.history(executionArn)).filter((event) => event.type === 'TaskScheduled')).toHaveLength(5);
  });

  it('runs a Map again as a whole', async () => {
    let calls = 0;
    const bench = createBench({
      invoke: async () => {
        if (++calls === 2) throw functionError('E');
        return calls;
      },
    });
    const machine = only({
      Type: 'Map',
      Items: [1, 2],
      MaxConcurrency: 1,
      ItemProcessor: { StartAt: 'I', States: { I: { Type: 'Task', Resource: lambda, End: true } } },
      Retry: [{ ErrorEquals: ['States.TaskFailed'], IntervalSeconds: 1 }],
      End: true,
    });
    const { executionArn } = await bench.run(machine);
    bench.clock.advance(1);
    expect(await bench.settle(executionArn)).toMatchObject({ status: 'SUCCEEDED', output: [3, 4] });
  });
});

describe('catching', () => {
  it('goes on with the error, through the Output and Assign of the catcher', async () => {
    const bench = createBench({ invoke: failing([functionError('Misconfigured', 'no key')]) });
    const machine = only(
      {
        Type: 'Task',
        Resource: lambda,
        Assign: { from: 'state' },
        Output: 'state',
        Catch: [
          { ErrorEquals: ['Other'], Next: 'Never' },
          {
            ErrorEquals: ['States.TaskFailed'],
            Output: { was: '{% $states.errorOutput.Error %}', in: '{% $states.input.a %}' },
            Assign: { from: "{% 'catch ' & $parse($states.errorOutput.Cause).errorMessage %}" },
            Next: 'Told',
          },
        ],
        End: true,
      },
      { Told: { Type: 'Succeed', Output: ['{% $states.input %}', '{% $from %}'] }, Never: { Type: 'Fail' } },
    );
    expect(await bench.run(machine, { a: 1 })).toMatchObject({ output: [{ was: 'Misconfigured', in: 1 }, 'catch no key'] });
  });

  it('hands on Error and Cause when it has no Output', async () => {
    const bench = createBench();
    const machine = only(
      {
        Type: 'Parallel',
        Branches: [{ StartAt: 'F', States: { F: { Type: 'Fail', Error: 'E', Cause: 'C' } } }],
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Told' }],
        End: true,
      },
      { Told: { Type: 'Succeed' } },
    );
    expect(await bench.run(machine)).toMatchObject({ status: 'SUCCEEDED', output: { Error: 'E', Cause: 'C' } });
  });

  it('catches a failed evaluation by its name', async () => {
    const bench = createBench();
    const machine = only(
      {
        Type: 'Task',
        Resource: lambda,
        Output: '{% $none %}',
        Catch: [{ ErrorEquals: ['States.QueryEvaluationError'], Next: 'Told' }],
        End: true,
      },
      { Told: { Type: 'Succeed', Output: 'told' } },
    );
    expect(await bench.run(machine)).toMatchObject({ status: 'SUCCEEDED', output: 'told' });
  });

  it.each(['States.TaskFailed', 'Unrelated'])('leaves a timeout to others than %s', async (name) => {
    const bench = createBench({ invoke: never });
    const machine = only(
      { Type: 'Task', Resource: lambda, TimeoutSeconds: 5, Catch: [{ ErrorEquals: [name], Next: 'Told' }], End: true },
      { Told: { Type: 'Succeed' } },
    );
    const arn = await bench.start(machine);
    await bench.op('DescribeExecution', { executionArn: arn });
    bench.clock.advance(5);
    expect(await bench.settle(arn)).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
  });
});

describe('timeouts', () => {
  it.each([
    ['a literal', { TimeoutSeconds: 30 }],
    ['an expression', { TimeoutSeconds: '{% $states.input.t %}' }],
  ])('ends a task after %s and tells the invoker', async (_, timeout) => {
    let told: unknown;
    const bench = createBench({
      invoke: (_r, _a, { signal }) => {
        signal.addEventListener('abort', () => {
          told = signal.reason;
        });
        return never();
      },
    });
    const arn = await bench.start(task(timeout), { t: 30 });
    expect(bench.states.running()).toEqual({ working: 1, parked: 0 });
    bench.clock.advance(30);
    expect(await bench.settle(arn)).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    expect(told).toBeInstanceOf(Error);
    const timedOut = (await bench.history(arn)).find((event) => event.type === 'TaskTimedOut');
    expect(timedOut?.taskTimedOutEventDetails).toEqual({ resourceType: 'lambda', resource: 'invoke', error: 'States.Timeout' });
  });

  it('does not look at an answer that comes after the timeout', async () => {
    let answer = (_: unknown) => {};
    const bench = createBench({ invoke: () => new Promise((resolve) => (answer = resolve)) });
    const arn = await bench.start(task({ TimeoutSeconds: 5 }));
    bench.clock.advance(5);
    await bench.settle(arn);
    answer('late');
    await bench.states.idle();
    expect((await bench.history(arn)).map((event) => event.type)).not.toContain('TaskSucceeded');
  });
});

describe('task tokens', () => {
  async function waiting(more: object = {}, invoke?: (token: string) => unknown) {
    let token = '';
    const bench = createBench({
      invoke: async (_resource, args, options) => {
        token = options.token ?? '';
        expect(args).toEqual({ token });
        return invoke?.(token);
      },
    });
    const machine = only({
      Type: 'Task',
      Resource: callback,
      Arguments: { token: '{% $states.context.Task.Token %}' },
      ...more,
      Output: '{% $states.result %}',
      End: true,
    });
    const { executionArn } = await bench.run(machine);
    return { bench, executionArn, token: () => token };
  }

  it('parks the execution until SendTaskSuccess', async () => {
    const { bench, executionArn, token } = await waiting();
    expect(bench.states.running()).toEqual({ working: 0, parked: 1 });
    await bench.op('SendTaskSuccess', { taskToken: token(), output: '{"ok":true}' });
    expect(await bench.settle(executionArn)).toMatchObject({ status: 'SUCCEEDED', output: { ok: true } });
  });

  it('takes an answer that is quicker than the invoker', async () => {
    let answered: Promise<unknown> = Promise.resolve();
    const bench = createBench({
      invoke: async (_resource, _args, { token }) => {
        answered = bench.op('SendTaskSuccess', { taskToken: token, output: '1' });
        await answered;
      },
    });
    expect(await bench.run(only({ Type: 'Task', Resource: callback, End: true }))).toMatchObject({ status: 'SUCCEEDED', output: 1 });
  });

  it('fails with what SendTaskFailure says', async () => {
    const { bench, executionArn, token } = await waiting();
    await bench.op('SendTaskFailure', { taskToken: token(), error: 'Refused', cause: 'by a human' });
    expect(await bench.settle(executionArn)).toMatchObject({ status: 'FAILED', error: 'Refused', cause: 'by a human' });
  });

  it('stays alive with heartbeats, dies without, and that is a timeout for its catchers', async () => {
    const { bench, executionArn, token } = await waiting({ HeartbeatSeconds: 10 });
    for (let beat = 0; beat < 3; beat++) {
      bench.clock.advance(9);
      await bench.op('SendTaskHeartbeat', { taskToken: token() });
    }
    expect((await bench.settle(executionArn)).status).toBe('RUNNING');
    bench.clock.advance(10);
    expect(await bench.settle(executionArn)).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
  });

  it('lets a catcher name the missed heartbeat', async () => {
    const bench = createBench();
    const machine = only(
      {
        Type: 'Task',
        Resource: callback,
        HeartbeatSeconds: 10,
        Catch: [{ ErrorEquals: ['States.HeartbeatTimeout'], Next: 'Told' }],
        End: true,
      },
      { Told: { Type: 'Succeed', Output: 'told' } },
    );
    const { executionArn } = await bench.run(machine);
    bench.clock.advance(10);
    expect(await bench.settle(executionArn)).toMatchObject({ output: 'told' });
  });

  it('refuses late, foreign and malformed answers by name', async () => {
    const { bench, executionArn, token } = await waiting({ TimeoutSeconds: 5 });
    await expect(bench.op('SendTaskSuccess', { taskToken: token(), output: 'not json' })).rejects.toMatchObject({ type: 'InvalidOutput' });
    bench.clock.advance(5);
    await bench.settle(executionArn);
    await expect(bench.op('SendTaskSuccess', { taskToken: token(), output: '1' })).rejects.toMatchObject({ type: 'TaskTimedOut' });
    await expect(bench.op('SendTaskHeartbeat', { taskToken: 'junk' })).rejects.toMatchObject({ type: 'InvalidToken' });
    const foreign = Buffer.from('["arn:aws:states:us-east-1:000000000000:execution:x:y","1"]').toString('base64url');
    await expect(bench.op('SendTaskFailure', { taskToken: foreign })).rejects.toMatchObject({ type: 'TaskDoesNotExist' });
  });
});

describe('stopping', () => {
  it('aborts the work, writes ExecutionAborted, and lets nothing be written after it', async () => {
    let answer = (_: unknown) => {};
    const bench = createBench({ invoke: () => new Promise((resolve) => (answer = resolve)) });
    const arn = await bench.start(task({}));
    await bench.op('StopExecution', { executionArn: arn, error: 'Stopped', cause: 'by a person' });
    answer('late');
    const ended = await bench.settle(arn);
    expect(ended).toMatchObject({ status: 'ABORTED', error: 'Stopped', cause: 'by a person', redriveStatus: 'REDRIVABLE' });
    const events = await bench.history(arn);
    expect(events.at(-1)).toMatchObject({
      type: 'ExecutionAborted',
      previousEventId: 0,
      executionAbortedEventDetails: { error: 'Stopped', cause: 'by a person' },
    });
    expect(bench.seen.map((view) => view.status)).toEqual(['RUNNING', 'ABORTED']);
  });

  it('leaves an ended execution as it is', async () => {
    const bench = createBench();
    const { executionArn } = await bench.run(only({ Type: 'Succeed' }));
    await bench.op('StopExecution', { executionArn });
    expect((await bench.settle(executionArn)).status).toBe('SUCCEEDED');
  });
});

describe('direct function ARNs', () => {
  it('have events of their own', async () => {
    const bench = createBench({ invoke: failing([functionError('E')]) });
    const machine = task({ Resource: functionArn, Retry: [{ ErrorEquals: ['E'] }] });
    const { executionArn } = await bench.run(machine, { a: 1 });
    bench.clock.advance(1);
    await bench.settle(executionArn);
    expect((await bench.trace(executionArn)).slice(2, 8)).toEqual([
      '3<-2 LambdaFunctionScheduled',
      '4<-3 LambdaFunctionStarted',
      '5<-4 LambdaFunctionFailed',
      '6<-5 LambdaFunctionScheduled',
      '7<-6 LambdaFunctionStarted',
      '8<-7 LambdaFunctionSucceeded',
    ]);
    const [, , scheduled] = await bench.history(executionArn);
    expect(scheduled?.lambdaFunctionScheduledEventDetails).toEqual({
      resource: functionArn,
      input: '{"a":1}',
      inputDetails: { truncated: false },
    });
  });
});
