import { fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createClock } from '../../clock.ts';
import { newFrame } from './frame.ts';
import { fileStore } from './store.file.ts';
import { type ExecutionStore, memoryStore, type Summary } from './store.ts';
import { begin, callback, createBench, functionError, lambda, only } from './test-machine.ts';

let folder: string;
let memory: ExecutionStore;
beforeEach(() => {
  memory = memoryStore();
  folder = mkdtempSync(join(tmpdir(), 'states-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const stores: [string, () => ExecutionStore][] = [
  ['files', () => fileStore(folder)],
  ['memory', () => memory],
];
const task = (name: string, more: object) => ({ Type: 'Task', Resource: lambda, Arguments: name, ...more });
let names = 0;
const unique = () => `m${++names}`;

describe.each(stores)('an execution kept in %s', (_, open) => {
  it('is stored as it was when it was appended, whatever its objects become', async () => {
    const store = open();
    const executionArn = `arn:aws:states:us-east-1:000000000000:execution:${unique()}:e`;
    const summary: Summary = { executionArn, stateMachineArn: 'm', name: 'e', status: 'RUNNING', startDate: 1, redriveCount: 0, events: 1 };
    const frame = newFrame('A', null, 1);
    const events = [{ id: 1, previousEventId: 0, type: 'ExecutionStarted', at: 1 }];
    const done = store.append({ summary, given: { definition: 'd', roleArn: 'r', input: '{}' }, progress: { frame, since: 1 }, events });
    summary.events = 2;
    frame.state = 'B';
    await done;
    expect(await store.read(executionArn)).toMatchObject({ summary: { events: 1 }, progress: { frame: { state: 'A' } }, events });
  });

  it('goes on at its last entered state, and a task without a result runs again', async () => {
    const calls: string[] = [];
    let answer = (_: unknown) => {};
    const clock = createClock(() => begin);
    const invoke = (_: string, args: unknown) => {
      calls.push(String(args));
      return args === 'two' ? new Promise((resolve) => (answer = resolve)) : Promise.resolve(args);
    };
    const name = unique();
    const first = createBench({ clock, store: open(), invoke });
    const machine = only(task('one', { Assign: { v: 'kept' }, Next: 'T' }), {
      T: task('two', { Output: ['{% $v %}', '{% $states.result %}'], End: true }),
    });
    const arn = await first.start(machine, {}, name);
    while ((await open().read(arn))?.progress.frame?.state !== 'T' || calls.length < 2) await turn();
    await first.states.close();
    answer('too late');

    const second = createBench({ clock, store: open(), invoke });
    await second.states.open();
    while (calls.length < 3) await turn();
    answer('again');
    expect(await second.settle(arn)).toMatchObject({ status: 'SUCCEEDED', output: ['kept', 'again'] });
    expect(calls).toEqual(['one', 'two', 'two']);
    const trace = await second.history(arn);
    expect(trace.map((event) => event.id)).toEqual(trace.map((_, index) => index + 1));
    expect(second.seen.map((view) => view.status)).toEqual(['SUCCEEDED']);
  });

  it('keeps its place in waits, retries, tokens and the machine timeout', async () => {
    const clock = createClock(() => begin);
    const name = unique();
    let token = '';
    let fails = 1;
    const invoke = async (resource: string, _: unknown, options: { token?: string }) => {
      token = options.token ?? token;
      if (resource === lambda && fails-- > 0) throw functionError('E');
      return null;
    };
    const branch = (state: string, more: object) => ({ StartAt: state, States: { [state]: { ...more, End: true } } });
    const machine = {
      ...only({
        Type: 'Parallel',
        Branches: [
          branch('W', { Type: 'Wait', Seconds: 60, Output: 'waited' }),
          branch('R', { ...task('r', {}), Output: 'retried', Retry: [{ ErrorEquals: ['E'], IntervalSeconds: 60 }] }),
          branch('C', { Type: 'Task', Resource: callback, TimeoutSeconds: 90 }),
        ],
        End: true,
      }),
      TimeoutSeconds: 100,
    };
    const first = createBench({ clock, store: open(), invoke });
    const arn = await first.start(machine, {}, name);
    await first.states.idle();
    clock.advance(30);
    await first.states.close();

    const second = createBench({ clock, store: open(), invoke });
    await second.states.open();
    await second.states.idle();
    expect(second.states.running()).toEqual({ working: 0, parked: 1 });
    await second.op('SendTaskSuccess', { taskToken: token, output: '"told"' });
    clock.advance(29);
    expect((await second.settle(arn)).status).toBe('RUNNING');
    clock.advance(1);
    expect(await second.settle(arn)).toMatchObject({ status: 'SUCCEEDED', output: ['waited', 'retried', 'told'] });
  });

  it('times out after the restart as it would have before it', async () => {
    const clock = createClock(() => begin);
    const first = createBench({ clock, store: open() });
    const arn = await first.start({ ...only({ Type: 'Wait', Seconds: 500, End: true }), TimeoutSeconds: 100 }, {}, unique());
    await first.states.idle();
    await first.states.close();
    clock.advance(99);
    const second = createBench({ clock, store: open() });
    await second.states.open();
    expect((await second.settle(arn)).status).toBe('RUNNING');
    clock.advance(1);
    expect((await second.settle(arn)).status).toBe('TIMED_OUT');
  });

  it('is redriven after a restart, and machines keep their versions and aliases', async () => {
    const name = unique();
    let down = true;
    const invoke = async () => {
      if (down) throw functionError('Down');
      return 'up';
    };
    const first = createBench({ store: open(), invoke });
    const failed = await first.settle(await first.start(only(task('t', { End: true })), {}, name));
    await first.op('PublishStateMachineVersion', { stateMachineArn: failed.stateMachineArn });
    await first.op('CreateStateMachineAlias', {
      name: 'live',
      routingConfiguration: [{ stateMachineVersionArn: `${failed.stateMachineArn}:1`, weight: 100 }],
    });
    await first.states.close();

    down = false;
    const second = createBench({ store: open(), invoke });
    await second.states.open();
    await second.op('RedriveExecution', { executionArn: failed.executionArn });
    expect(await second.settle(failed.executionArn)).toMatchObject({ status: 'SUCCEEDED', output: 'up', redriveCount: 1 });
    const again = await second.op('StartExecution', { stateMachineArn: `${failed.stateMachineArn}:live`, name: 'again' });
    expect(await second.settle(again.executionArn)).toMatchObject({ output: 'up', stateMachineVersionArn: `${failed.stateMachineArn}:1` });
  });

  it('tells a status again when the process died before its listener was done', async () => {
    const name = unique();
    const store = open();
    const first = createBench({
      store,
      onStatus: (view) => (view.status === 'SUCCEEDED' ? new Promise<void>(() => {}) : undefined),
    });
    const arn = await first.start(only({ Type: 'Succeed' }), {}, name);
    while ((await first.op('DescribeExecution', { executionArn: arn })).status === 'RUNNING') await turn();
    while ((await store.read(arn))?.summary.status !== 'SUCCEEDED') await turn();

    const second = createBench({ store: open() });
    await second.states.open();
    await second.states.idle();
    expect(second.seen.filter((view) => view.executionArn === arn).map((view) => view.status)).toEqual(['SUCCEEDED']);
  });
});

describe('the folder', () => {
  it('survives a line that a killed process left half written', async () => {
    const bench = createBench({ store: fileStore(folder) });
    const arn = await bench.start(only({ Type: 'Wait', Seconds: 9, End: true }), {}, 'torn');
    await bench.states.close();
    const path = join(folder, 'executions', 'torn');
    const [file] = readdirSync(path);
    appendFileSync(join(path, file ?? ''), '\n{"summary":{"sta');
    appendFileSync(join(folder, 'index.jsonl'), '\n{"exec');
    const again = createBench({ store: fileStore(folder) });
    await again.states.open();
    again.clock.advance(9);
    expect((await again.settle(arn)).status).toBe('SUCCEEDED');
  });

  it('holds one line for an execution that has ended', async () => {
    const bench = createBench({ store: fileStore(folder) });
    await bench.run(only({ Type: 'Wait', Seconds: 0, Next: 'P' }, { P: { Type: 'Pass', End: true } }));
    const path = join(folder, 'executions', 'm');
    const content = readFileSync(join(path, readdirSync(path)[0] ?? ''), 'utf8');
    expect(content.split('\n').filter(Boolean)).toHaveLength(1);
  });

  it('takes histories out of memory: what stays of 1,000 ended executions is small', async () => {
    const bench = createBench({ store: fileStore(folder) });
    const stateMachineArn = await bench.create(only({ Type: 'Pass', Output: '{% $states.input %}', End: true }));
    const input = JSON.stringify({ text: 'x'.repeat(20_000) });
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const used = () => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const start = () => bench.op('StartExecution', { stateMachineArn, input });
    await Promise.all(Array.from({ length: 100 }, start));
    await bench.states.idle();
    bench.seen.length = 0;
    const before = used();
    for (let round = 0; round < 10; round++) {
      await Promise.all(Array.from({ length: 100 }, start));
      await bench.states.idle();
      bench.seen.length = 0;
    }
    // Their histories alone are over 80 MB of text.
    expect(used() - before).toBeLessThan(10_000_000);
    expect((await bench.op('ListExecutions', { stateMachineArn, maxResults: 1000 })).executions).toHaveLength(1000);
  }, 20_000);
});

describe('a killed process', () => {
  it('loses no answered start and no answered token, whenever it dies', async () => {
    for (const killAfterMs of [30, 90]) {
      rmSync(folder, { recursive: true, force: true });
      const child = fork(join(import.meta.dirname, 'test-victim.ts'), [folder], {
        execArgv: [],
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
      const started: string[] = [];
      const told: string[] = [];
      child.on('message', (message: { started?: string; told?: string }) => {
        if (message.started) started.push(message.started);
        if (message.told) told.push(message.told);
      });
      await once(child, 'message');
      await new Promise((resolve) => setTimeout(resolve, killAfterMs));
      child.kill('SIGKILL');
      await once(child, 'exit');

      const bench = createBench({ store: fileStore(folder) });
      await bench.states.open();
      await bench.states.idle();
      bench.clock.advance(60);
      await bench.states.idle();
      expect(started.length).toBeGreaterThan(0);
      for (const executionArn of started) {
        const found = await bench.settle(executionArn);
        expect(found.status).toMatch(told.includes(executionArn) ? /^SUCCEEDED$/ : /^SUCCEEDED$|^RUNNING$/);
        const ids = (await bench.history(executionArn)).map((event) => event.id);
        expect(ids).toEqual(ids.map((_, index) => index + 1));
      }
    }
  }, 20_000);
});
