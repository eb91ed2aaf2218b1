import { describe, expect, it } from 'vitest';
import { createBench, functionError, lambda, only } from './test-machine.ts';

/** An invoker that fails for the names in `broken`, and remembers whom it called. */
function workshop(...broken: string[]) {
  const calls: string[] = [];
  const down = new Set(broken);
  const invoke = async (_: string, args: unknown) => {
    calls.push(String(args));
    if (down.has(String(args))) throw functionError('Down');
    return `did ${args}`;
  };
  return { calls, down, invoke };
}
const task = (name: string, more: object) => ({ Type: 'Task', Resource: lambda, Arguments: name, ...more });

describe('a redrive', () => {
  it('goes on at the failed state with the variables it had, and runs no finished state again', async () => {
    const shop = workshop('two');
    const bench = createBench(shop);
    const machine = only(task('one', { Assign: { first: '{% $states.result %}' }, Next: 'T' }), {
      T: task('two', { Output: ['{% $first %}', '{% $states.result %}', '{% $states.context.Execution.RedriveCount %}'], End: true }),
    });
    const failed = await bench.run(machine);
    expect(failed).toMatchObject({ status: 'FAILED', error: 'Down', redriveStatus: 'REDRIVABLE' });
    shop.down.clear();
    bench.clock.advance(60);
    await bench.op('RedriveExecution', { executionArn: failed.executionArn });
    const ended = await bench.settle(failed.executionArn);
    expect(ended).toMatchObject({
      status: 'SUCCEEDED',
      output: ['did one', 'did two', 1],
      redriveCount: 1,
      redriveDate: bench.clock.now() / 1000,
    });
    expect(ended).not.toHaveProperty('error');
    expect(shop.calls).toEqual(['one', 'two', 'two']);
    expect((await bench.trace(failed.executionArn)).slice(10)).toEqual([
      '11<-10 ExecutionFailed',
      '12<-11 ExecutionRedriven',
      '13<-7 TaskScheduled',
      '14<-13 TaskStarted',
      '15<-14 TaskSucceeded',
      '16<-15 TaskStateExited',
      '17<-16 ExecutionSucceeded',
    ]);
    expect(bench.seen.map((view) => view.status)).toEqual(['RUNNING', 'FAILED', 'RUNNING', 'SUCCEEDED']);
  });

  it('runs only the branches and iterations that did not finish', async () => {
    const shop = workshop('b');
    const bench = createBench(shop);
    const branch = (name: string) => ({ StartAt: name, States: { [name]: task(name, { End: true }) } });
    const machine = only(
      { Type: 'Parallel', Branches: [branch('a'), branch('b')], Next: 'M' },
      {
        M: {
          Type: 'Map',
          Items: ['x', 'y', 'z'],
          MaxConcurrency: 1,
          ItemProcessor: { StartAt: 'I', States: { I: { Type: 'Task', Resource: lambda, End: true } } },
          Output: '{% $append($states.input, $states.result) %}',
          End: true,
        },
      },
    );
    const { executionArn } = await bench.run(machine);
    shop.down.clear();
    shop.down.add('y');
    await bench.op('RedriveExecution', { executionArn });
    expect((await bench.settle(executionArn)).status).toBe('FAILED');
    shop.down.clear();
    await bench.op('RedriveExecution', { executionArn });
    const ended = await bench.settle(executionArn);
    expect(ended).toMatchObject({ status: 'SUCCEEDED', redriveCount: 2, output: ['did a', 'did b', 'did x', 'did y', 'did z'] });
    expect(shop.calls).toEqual(['a', 'b', 'b', 'x', 'y', 'y', 'z']);
  });

  it('starts only the child workflows of a distributed Map that failed', async () => {
    const shop = workshop('y');
    const bench = createBench(shop);
    const machine = only({
      Type: 'Map',
      Items: ['x', 'y'],
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
        StartAt: 'I',
        States: { I: { Type: 'Task', Resource: lambda, End: true } },
      },
      End: true,
    });
    const { executionArn } = await bench.run(machine);
    shop.down.clear();
    await bench.op('RedriveExecution', { executionArn });
    expect(await bench.settle(executionArn)).toMatchObject({ status: 'SUCCEEDED', output: ['did x', 'did y'] });
    expect(shop.calls).toEqual(['x', 'y', 'y']);
    expect((await bench.trace(executionArn)).slice(4)).toEqual([
      '5<-4 MapRunFailed',
      '6<-5 MapStateFailed',
      '7<-6 ExecutionFailed',
      '8<-7 ExecutionRedriven',
      '9<-4 MapRunRedriven',
      '10<-9 MapRunSucceeded',
      '11<-10 MapStateSucceeded',
      '12<-10 MapStateExited',
      '13<-12 ExecutionSucceeded',
    ]);
  });

  it('gives retries, timeouts and the machine timeout their whole time again', async () => {
    const bench = createBench({ invoke: () => new Promise(() => {}) });
    const arn = await bench.start({ ...only(task('slow', { TimeoutSeconds: 30, End: true })), TimeoutSeconds: 50 });
    bench.clock.advance(30);
    expect((await bench.settle(arn)).status).toBe('FAILED');
    await bench.op('RedriveExecution', { executionArn: arn });
    bench.clock.advance(29);
    await bench.op('DescribeExecution', { executionArn: arn });
    expect(bench.states.running().working).toBe(1);
    bench.clock.advance(1);
    expect(await bench.settle(arn)).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
  });

  it('also follows StopExecution and a machine timeout, and a waiting state waits again', async () => {
    const bench = createBench();
    const { executionArn } = await bench.run({ ...only({ Type: 'Wait', Seconds: 100, End: true }), TimeoutSeconds: 150 });
    bench.clock.advance(90);
    await bench.op('StopExecution', { executionArn });
    await bench.op('RedriveExecution', { executionArn });
    bench.clock.advance(100);
    expect((await bench.settle(executionArn)).status).toBe('SUCCEEDED');
  });

  it('happens once when it is asked for twice at once, and even before the failure was told', async () => {
    const shop = workshop('t');
    const bench = createBench(shop);
    const { executionArn } = await bench.run(only(task('t', { End: true })));
    shop.down.clear();
    const asked = await Promise.allSettled([1, 2, 3].map(() => bench.op('RedriveExecution', { executionArn })));
    expect(asked.map((each) => each.status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(await bench.settle(executionArn)).toMatchObject({ status: 'SUCCEEDED', redriveCount: 1 });
    expect(shop.calls).toEqual(['t', 't']);
  });

  it('follows a stop at once', async () => {
    const bench = createBench();
    const { executionArn } = await bench.run(only({ Type: 'Wait', Seconds: 5, End: true }));
    for (let round = 0; round < 5; round++) {
      await bench.op('StopExecution', { executionArn });
      await bench.op('RedriveExecution', { executionArn });
    }
    await bench.states.idle();
    bench.clock.advance(5);
    expect(await bench.settle(executionArn)).toMatchObject({ status: 'SUCCEEDED', redriveCount: 5 });
    expect(bench.states.running()).toEqual({ working: 0, parked: 0 });
  });

  it('is refused while it runs, after success, and after 14 days', async () => {
    const bench = createBench();
    const redrive = (executionArn: string) => bench.op('RedriveExecution', { executionArn });
    const good = await bench.run(only({ Type: 'Succeed' }));
    await expect(redrive(good.executionArn)).rejects.toMatchObject({
      type: 'ExecutionNotRedrivable',
      message: 'Execution is SUCCEEDED and cannot be redriven',
    });
    const bad = await bench.settle(await bench.start(only({ Type: 'Fail' }), {}, 'bad'));
    bench.clock.advance(14 * 24 * 3600 + 1);
    await expect(redrive(bad.executionArn)).rejects.toMatchObject({ message: 'Execution redrivable period exceeded' });
  });
});
