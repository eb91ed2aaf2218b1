/** For a test that kills this process: starts callback executions and answers them as fast as it can, saying what was acknowledged. */
import { createClock } from '../../clock.ts';
import { fileStore } from './store.file.ts';
import { begin, callback, createBench, only } from './test-machine.ts';

const tokens = new Map<string, string>();
const bench = createBench({
  clock: createClock(() => begin),
  store: fileStore(process.argv[2] ?? ''),
  uuid: () => crypto.randomUUID(),
  invoke: async (_, __, { token, context }) => {
    const { Execution } = context;
    if (typeof Execution === 'object' && Execution !== null && !Array.isArray(Execution)) tokens.set(String(Execution.Id), token ?? '');
  },
});
const machine = only(
  { Type: 'Task', Resource: callback, Next: 'W' },
  { W: { Type: 'Wait', Seconds: 5, Next: 'P' }, P: { Type: 'Pass', End: true } },
);
const stateMachineArn = await bench.create(machine, 'victim');

for (;;) {
  const { executionArn } = await bench.op('StartExecution', { stateMachineArn });
  process.send?.({ started: executionArn });
  await bench.states.idle();
  const taskToken = tokens.get(executionArn);
  if (!taskToken) throw new Error('The callback was not handed out');
  await bench.op('SendTaskSuccess', { taskToken, output: '1' });
  process.send?.({ told: executionArn });
}
