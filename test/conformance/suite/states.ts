/** What is asked of any Step Functions: machines without tasks, their executions, histories, versions, aliases and redrives. */
import {
  CreateStateMachineAliasCommand,
  CreateStateMachineCommand,
  DeleteStateMachineAliasCommand,
  DeleteStateMachineCommand,
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  DescribeStateMachineCommand,
  ExecutionAlreadyExists,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  ListStateMachineAliasesCommand,
  ListStateMachineVersionsCommand,
  PublishStateMachineVersionCommand,
  RedriveExecutionCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
  UpdateStateMachineCommand,
} from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Target } from './target.ts';

const addTwo = {
  QueryLanguage: 'JSONata',
  StartAt: 'Add',
  States: {
    Add: { Type: 'Pass', Assign: { n: '{% $states.input.n + 2 %}' }, Next: 'Which' },
    Which: { Type: 'Choice', Choices: [{ Condition: '{% $n > 5 %}', Next: 'Large' }], Default: 'Each' },
    Large: { Type: 'Fail', Error: 'TooLarge', Cause: 'more than five' },
    Each: {
      Type: 'Map',
      Items: '{% [1..$n] %}',
      ItemProcessor: { StartAt: 'Twice', States: { Twice: { Type: 'Pass', Output: '{% $states.input * 2 %}', End: true } } },
      Next: 'Both',
    },
    Both: {
      Type: 'Parallel',
      Branches: [
        { StartAt: 'Sum', States: { Sum: { Type: 'Pass', Output: '{% $sum($states.input) %}', End: true } } },
        { StartAt: 'Count', States: { Count: { Type: 'Pass', Output: '{% $count($states.input) %}', End: true } } },
      ],
      End: true,
    },
  },
};
const waits = { QueryLanguage: 'JSONata', StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: 3600, End: true } } };

export function describeStates(target: () => Target): void {
  describe('Step Functions', () => {
    let client: SFNClient;
    const made: string[] = [];
    async function create(name: string, definition: object): Promise<string> {
      const input = { name: target().name(name), definition: JSON.stringify(definition), roleArn: target().roleArn };
      const { stateMachineArn = '' } = await client.send(new CreateStateMachineCommand(input));
      made.push(stateMachineArn);
      return stateMachineArn;
    }
    const start = async (stateMachineArn: string, input: unknown, name?: string) =>
      (await client.send(new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input), name }))).executionArn ?? '';
    const ended = (executionArn: string): Promise<DescribeExecutionOutput> =>
      target().until(async () => {
        const found = await client.send(new DescribeExecutionCommand({ executionArn }));
        return found.status === 'RUNNING' ? undefined : found;
      }, 'the end of the execution');

    let machine: string;
    beforeAll(async () => {
      client = new SFNClient(target().client);
      machine = await create('machine', addTwo);
    });
    afterAll(async () => {
      for (const stateMachineArn of made) await client.send(new DeleteStateMachineCommand({ stateMachineArn }));
    });

    it('runs a machine and shows output and history', async () => {
      const arn = await start(machine, { n: 1 });
      expect(await ended(arn)).toMatchObject({ status: 'SUCCEEDED', output: '[12,3]' });
      const { events = [] } = await client.send(new GetExecutionHistoryCommand({ executionArn: arn, maxResults: 100 }));
      expect(events.map(({ id }) => id)).toEqual(events.map((_, at) => at + 1));
      expect([events[0]?.type, events[1]?.type, events.at(-1)?.type]).toEqual([
        'ExecutionStarted',
        'PassStateEntered',
        'ExecutionSucceeded',
      ]);
      expect(events.filter(({ type }) => type === 'MapIterationSucceeded')).toHaveLength(3);
    });

    it('fails with the error of a Fail state, and with a query that cannot be evaluated', async () => {
      expect(await ended(await start(machine, { n: 9 }))).toMatchObject({ status: 'FAILED', error: 'TooLarge', cause: 'more than five' });
      expect(await ended(await start(machine, { n: 'x' }))).toMatchObject({ status: 'FAILED', error: 'States.QueryEvaluationError' });
    });

    it('takes a name with the same input again while it runs, and refuses it with another', async () => {
      const waiting = await create('waiting', waits);
      const first = await start(waiting, { a: 1 }, 'once');
      expect(await start(waiting, { a: 1 }, 'once')).toBe(first);
      await expect(start(waiting, { a: 2 }, 'once')).rejects.toBeInstanceOf(ExecutionAlreadyExists);
      await client.send(new StopExecutionCommand({ executionArn: first, error: 'Stopped', cause: 'enough' }));
      expect(await ended(first)).toMatchObject({ status: 'ABORTED', error: 'Stopped', cause: 'enough' });
      const listed = await target().until(async () => {
        const { executions } = await client.send(new ListExecutionsCommand({ stateMachineArn: waiting, statusFilter: 'ABORTED' }));
        return executions?.length ? executions : undefined;
      }, 'the aborted execution in the list');
      expect(listed.map(({ executionArn }) => executionArn)).toEqual([first]);
    });

    it('refuses input that is no JSON and a definition that leads nowhere', async () => {
      await expect(client.send(new StartExecutionCommand({ stateMachineArn: machine, input: 'x' }))).rejects.toMatchObject({
        name: 'InvalidExecutionInput',
      });
      const lost = { QueryLanguage: 'JSONata', StartAt: 'A', States: { A: { Type: 'Pass', Next: 'B' } } };
      await expect(create('lost', lost)).rejects.toMatchObject({ name: 'InvalidDefinition' });
    });

    it('redrives what failed, from the state that failed', async () => {
      const failed = await start(machine, { n: 9 });
      await ended(failed);
      await client.send(new RedriveExecutionCommand({ executionArn: failed }));
      const again = await ended(failed);
      expect(again).toMatchObject({ status: 'FAILED', redriveCount: 1 });
      const { events = [] } = await client.send(new GetExecutionHistoryCommand({ executionArn: failed, maxResults: 100 }));
      const redriven = events.findIndex(({ type }) => type === 'ExecutionRedriven');
      expect(events.slice(redriven).some(({ type }) => type === 'PassStateEntered')).toBe(false);
    });

    it('publishes versions, points an alias at one, and runs what it points at', async () => {
      const { stateMachineVersionArn: one = '' } = await client.send(new PublishStateMachineVersionCommand({ stateMachineArn: machine }));
      const definition = JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'New', States: { New: { Type: 'Succeed', Output: 'new' } } });
      await client.send(new UpdateStateMachineCommand({ stateMachineArn: machine, definition, publish: true }));
      const { stateMachineVersions = [] } = await client.send(new ListStateMachineVersionsCommand({ stateMachineArn: machine }));
      expect(stateMachineVersions).toHaveLength(2);
      const routingConfiguration = [{ stateMachineVersionArn: one, weight: 100 }];
      const { stateMachineAliasArn = '' } = await client.send(new CreateStateMachineAliasCommand({ name: 'live', routingConfiguration }));
      try {
        const { stateMachineAliases } = await client.send(new ListStateMachineAliasesCommand({ stateMachineArn: machine }));
        expect(stateMachineAliases?.map((each) => each.stateMachineAliasArn)).toEqual([stateMachineAliasArn]);
        const through = await ended(await start(stateMachineAliasArn, { n: 1 }));
        expect(through).toMatchObject({ output: '[12,3]', stateMachineAliasArn, stateMachineVersionArn: one });
        expect(await ended(await start(machine, {}))).toMatchObject({ output: '"new"' });
        expect((await client.send(new DescribeStateMachineCommand({ stateMachineArn: machine }))).definition).toBe(definition);
      } finally {
        await client.send(new DeleteStateMachineAliasCommand({ stateMachineAliasArn }));
      }
    });
  });
}
