/** What was running before a restart goes on only when it is told to: its tasks may need what is not there yet. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fileStore } from './store.file.ts';
import { createBench, lambda, only } from './test-machine.ts';

it('stands still after a held open, and goes on and tells its statuses after resume', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-hold-'));
  const first = createBench({ store: fileStore(folder), invoke: () => new Promise(() => {}) });
  const arn = await first.start(only({ Type: 'Task', Resource: lambda, Arguments: { FunctionName: 'f' }, End: true }));
  const stopped = await first.start(only({ Type: 'Task', Resource: lambda, Arguments: { FunctionName: 'f' }, End: true }), {}, 'other');
  await first.op('DescribeExecution', { executionArn: arn });
  await first.states.close();

  const calls: string[] = [];
  const second = createBench({
    store: fileStore(folder),
    invoke: async (_, args) => {
      calls.push(JSON.stringify(args));
      return { Payload: 1 };
    },
  });
  await second.states.open({ hold: true });
  await second.op('StopExecution', { executionArn: stopped });
  expect([calls, (await second.settle(arn)).status]).toEqual([[], 'RUNNING']);
  second.states.resume();
  expect(await second.settle(arn)).toMatchObject({ status: 'SUCCEEDED', output: { Payload: 1 } });
  expect([calls.length, (await second.settle(stopped)).status]).toEqual([1, 'ABORTED']);
  expect(second.seen.map(({ executionArn, status }) => [executionArn === arn, status])).toEqual([
    [false, 'ABORTED'],
    [true, 'SUCCEEDED'],
  ]);
  await second.states.close();
});
