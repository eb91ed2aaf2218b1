import { createStates } from '@gatehouse/local/aws/states/states';
import { installStackDate } from '@gatehouse/local/lambda/stack-date';
import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAws, type TestAws } from '../../test/support/aws.ts';
import { handler } from './rotate-keys.lambda.ts';

let aws: TestAws;
let states: ReturnType<typeof createStates>;
let machine: string;
// biome-ignore lint/suspicious/noExplicitAny: answers are read by the assertions, as a client would read them.
const op = async (name: string, input: object): Promise<any> =>
  states.service.operations[name]?.(input, { caller: 'test', requestId: 'req' });

beforeAll(async () => {
  aws = await startAws((clock) => {
    states = createStates({ clock, random: () => 0, onStatus: () => {}, invoke: async () => ({}) });
    return [states.service];
  });
  installStackDate(() => aws.clock.now());
  const definition = JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'Go', States: { Go: { Type: 'Succeed' } } });
  const made = await op('CreateStateMachine', { name: 'key-rotation', definition, roleArn: 'arn:aws:iam::000000000000:role/r' });
  machine = made.stateMachineArn;
  Object.assign(process.env, { TABLE_ACCESS: await aws.table('access'), MACHINE_KEY_ROTATION_ARN: machine });
});
afterAll(async () => {
  await states.close();
  await aws.close();
});

/** As EventBridge Scheduler calls its target. */
const tick = (id: string) =>
  handler({ id, source: 'aws.scheduler', 'detail-type': 'Scheduled Event', detail: {}, time: '', resources: [] } as never, {} as Context);
const executions = async () => (await op('ListExecutions', { stateMachineArn: machine })).executions;

describe('the schedule', () => {
  it('starts one rotation a day, however often it comes, with an input that the machine takes', async () => {
    await tick('one');
    await tick('one');
    await tick('two');
    const [only, ...more] = await executions();
    expect(more).toEqual([]);
    expect(only.name).toMatch(/^scheduled-\d{4}-\d\d-\d\d$/);
    const { input } = await op('DescribeExecution', { executionArn: only.executionArn });
    expect(JSON.parse(input)).toEqual({ reason: 'the schedule of every 90 days' });
    aws.clock.advance(90 * 86_400);
    await tick('three');
    expect(await executions()).toHaveLength(2);
  });
});
