import {
  CreateStateMachineAliasCommand,
  CreateStateMachineCommand,
  DeleteStateMachineAliasCommand,
  DeleteStateMachineCommand,
  DeleteStateMachineVersionCommand,
  DescribeExecutionCommand,
  DescribeStateMachineAliasCommand,
  DescribeStateMachineCommand,
  DescribeStateMachineForExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  ExecutionNotRedrivable,
  GetExecutionHistoryCommand,
  InvalidArn,
  InvalidDefinition,
  InvalidExecutionInput,
  InvalidName,
  InvalidToken,
  ListExecutionsCommand,
  ListStateMachineAliasesCommand,
  ListStateMachinesCommand,
  ListStateMachineVersionsCommand,
  ListTagsForResourceCommand,
  PublishStateMachineVersionCommand,
  paginateGetExecutionHistory,
  RedriveExecutionCommand,
  ResourceNotFound,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  StartSyncExecutionCommand,
  StateMachineAlreadyExists,
  StateMachineDoesNotExist,
  StateMachineTypeNotSupported,
  StopExecutionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateStateMachineAliasCommand,
  UpdateStateMachineCommand,
  ValidateStateMachineDefinitionCommand,
} from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClock } from '../../clock.ts';
import { listen, type TestEndpoint } from '../test-endpoint.ts';
import { createStates, type States } from './states.ts';
import { begin, callback, only } from './test-machine.ts';

const clock = createClock(() => begin);
const roleArn = 'arn:aws:iam::000000000000:role/r';
let token = '';
let states: States;
let endpoint: TestEndpoint;
let sfn: SFNClient;

beforeAll(async () => {
  states = createStates({
    clock,
    invoke: async (_, args, options) => {
      token = options.token ?? '';
      return args;
    },
  });
  endpoint = await listen([states.service], clock);
  sfn = new SFNClient({ ...endpoint.client, disableHostPrefix: true });
});
afterAll(async () => {
  sfn.destroy();
  await endpoint.close();
  await states.close();
  clock.close();
});

const text = (machine: object) => JSON.stringify({ QueryLanguage: 'JSONata', ...machine });
const pass = (output: unknown) => text(only({ Type: 'Pass', Output: output, End: true }));
const arnOf = (name: string) => `arn:aws:states:us-east-1:000000000000:stateMachine:${name}`;

async function create(name: string, definition: string): Promise<string> {
  const { stateMachineArn } = await sfn.send(new CreateStateMachineCommand({ name, definition, roleArn }));
  return stateMachineArn ?? '';
}
async function run(stateMachineArn: string, input = '{}', name?: string) {
  const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn, input, ...(name !== undefined && { name }) }));
  await states.idle();
  return sfn.send(new DescribeExecutionCommand({ executionArn }));
}

describe('machines over the wire', () => {
  it('are created, described, updated, listed in pages and deleted', async () => {
    const arn = await create('life', pass(1));
    expect(await sfn.send(new DescribeStateMachineCommand({ stateMachineArn: arn }))).toMatchObject({
      stateMachineArn: arn,
      name: 'life',
      status: 'ACTIVE',
      type: 'STANDARD',
      roleArn,
      definition: pass(1),
      creationDate: new Date(begin),
    });
    const updated = await sfn.send(new UpdateStateMachineCommand({ stateMachineArn: arn, definition: pass(2) }));
    expect(updated.revisionId).toBeDefined();
    expect((await run(arn)).output).toBe('2');
    await create('life2', pass(1));
    const first = await sfn.send(new ListStateMachinesCommand({ maxResults: 1 }));
    const second = await sfn.send(new ListStateMachinesCommand({ maxResults: 1, nextToken: first.nextToken }));
    expect([first, second].flatMap((page) => page.stateMachines ?? []).map((each) => each.name)).toEqual(['life', 'life2']);
    expect(second.nextToken).toBeUndefined();
    await sfn.send(new DeleteStateMachineCommand({ stateMachineArn: arn }));
    await sfn.send(new DeleteStateMachineCommand({ stateMachineArn: arn }));
    await expect(sfn.send(new DescribeStateMachineCommand({ stateMachineArn: arn }))).rejects.toThrow(StateMachineDoesNotExist);
    await sfn.send(new DeleteStateMachineCommand({ stateMachineArn: arnOf('life2') }));
  });

  it('are created twice only when they are the same', async () => {
    const arn = await create('twice', pass(1));
    expect(await create('twice', pass(1))).toBe(arn);
    await expect(create('twice', pass(2))).rejects.toThrow(StateMachineAlreadyExists);
  });

  it('are refused by name, definition and type', async () => {
    await expect(create('not a name', pass(1))).rejects.toThrow(InvalidName);
    const refused = create(
      'paths',
      JSON.stringify({ QueryLanguage: 'JSONPath', StartAt: 'S', States: { S: { Type: 'Pass', End: true } } }),
    );
    await expect(refused).rejects.toThrow(InvalidDefinition);
    await expect(refused).rejects.toThrow('This stack runs JSONata machines only');
    const express = sfn.send(new CreateStateMachineCommand({ name: 'x', definition: pass(1), roleArn, type: 'EXPRESS' }));
    await expect(express).rejects.toThrow(StateMachineTypeNotSupported);
    await expect(sfn.send(new DescribeStateMachineCommand({ stateMachineArn: 'nonsense' }))).rejects.toThrow(InvalidArn);
    const checked = await sfn.send(new ValidateStateMachineDefinitionCommand({ definition: text({}) }));
    expect(checked).toMatchObject({ result: 'FAIL', diagnostics: [{ severity: 'ERROR', code: 'SCHEMA_VALIDATION_FAILED' }] });
  });

  it('carry tags', async () => {
    const resourceArn = await create('tagged', pass(1));
    await sfn.send(
      new TagResourceCommand({
        resourceArn,
        tags: [
          { key: 'a', value: '1' },
          { key: 'b', value: '2' },
        ],
      }),
    );
    await sfn.send(new UntagResourceCommand({ resourceArn, tagKeys: ['a'] }));
    expect((await sfn.send(new ListTagsForResourceCommand({ resourceArn }))).tags).toEqual([{ key: 'b', value: '2' }]);
  });

  it('have versions, published once a revision and counted on', async () => {
    const arn = await create('versions', pass('one'));
    const publish = async () => (await sfn.send(new PublishStateMachineVersionCommand({ stateMachineArn: arn }))).stateMachineVersionArn;
    expect(await publish()).toBe(`${arn}:1`);
    expect(await publish()).toBe(`${arn}:1`);
    const updated = await sfn.send(new UpdateStateMachineCommand({ stateMachineArn: arn, definition: pass('two'), publish: true }));
    expect(updated.stateMachineVersionArn).toBe(`${arn}:2`);
    const listed = await sfn.send(new ListStateMachineVersionsCommand({ stateMachineArn: arn }));
    expect(listed.stateMachineVersions?.map((version) => version.stateMachineVersionArn)).toEqual([`${arn}:2`, `${arn}:1`]);
    expect((await run(`${arn}:1`)).output).toBe('"one"');
    expect((await sfn.send(new DescribeStateMachineCommand({ stateMachineArn: `${arn}:1` }))).definition).toBe(pass('one'));
    await sfn.send(new DeleteStateMachineVersionCommand({ stateMachineVersionArn: `${arn}:2` }));
    await sfn.send(new UpdateStateMachineCommand({ stateMachineArn: arn, definition: pass('three') }));
    expect(await publish()).toBe(`${arn}:3`);
    const stale = sfn.send(new PublishStateMachineVersionCommand({ stateMachineArn: arn, revisionId: 'old' }));
    await expect(stale).rejects.toThrow('The current State Machine revision is');
  });

  it('have aliases that start a version, also after the alias has moved on', async () => {
    const arn = await create('aliases', pass('one'));
    const route = (version: number, weight = 100) => ({ stateMachineVersionArn: `${arn}:${version}`, weight });
    await sfn.send(new PublishStateMachineVersionCommand({ stateMachineArn: arn }));
    await sfn.send(new UpdateStateMachineCommand({ stateMachineArn: arn, definition: pass('two'), publish: true }));
    const alias = await sfn.send(new CreateStateMachineAliasCommand({ name: 'live', routingConfiguration: [route(1)] }));
    expect(alias.stateMachineAliasArn).toBe(`${arn}:live`);
    const before = await run(`${arn}:live`);
    expect(before).toMatchObject({
      output: '"one"',
      stateMachineArn: arn,
      stateMachineAliasArn: `${arn}:live`,
      stateMachineVersionArn: `${arn}:1`,
    });
    await sfn.send(new UpdateStateMachineAliasCommand({ stateMachineAliasArn: `${arn}:live`, routingConfiguration: [route(2)] }));
    expect((await run(`${arn}:live`)).output).toBe('"two"');
    const described = await sfn.send(new DescribeStateMachineForExecutionCommand({ executionArn: before.executionArn }));
    expect(described).toMatchObject({ definition: pass('one'), stateMachineArn: `${arn}:1` });
    expect(await sfn.send(new DescribeStateMachineAliasCommand({ stateMachineAliasArn: `${arn}:live` }))).toMatchObject({
      name: 'live',
      routingConfiguration: [route(2)],
    });
    const inUse = sfn.send(new DeleteStateMachineVersionCommand({ stateMachineVersionArn: `${arn}:2` }));
    await expect(inUse).rejects.toThrow('Current list of aliases referencing this version: [live]');
    const executions = await sfn.send(new ListExecutionsCommand({ stateMachineArn: `${arn}:live` }));
    expect(executions.executions).toHaveLength(2);
    const half = sfn.send(new CreateStateMachineAliasCommand({ name: 'half', routingConfiguration: [route(1, 50)] }));
    await expect(half).rejects.toThrow('must equal 100');
    expect((await sfn.send(new ListStateMachineAliasesCommand({ stateMachineArn: arn }))).stateMachineAliases).toHaveLength(1);
    await sfn.send(new DeleteStateMachineAliasCommand({ stateMachineAliasArn: `${arn}:live` }));
    const gone = sfn.send(new DescribeStateMachineAliasCommand({ stateMachineAliasArn: `${arn}:live` }));
    await expect(gone).rejects.toThrow(ResourceNotFound);
    await expect(run(`${arn}:live`)).rejects.toThrow(StateMachineDoesNotExist);
  });
});

describe('executions over the wire', () => {
  it('are started once by name while they run with the same input', async () => {
    const arn = await create('idempotent', text(only({ Type: 'Wait', Seconds: 60, End: true })));
    const start = (input: string, name: string) => sfn.send(new StartExecutionCommand({ stateMachineArn: arn, name, input }));
    const first = await start('{"a": 1}', 'one');
    expect(await start('{"a":1}', 'one')).toMatchObject({ executionArn: first.executionArn, startDate: first.startDate });
    await expect(start('{"a":2}', 'one')).rejects.toThrow(ExecutionAlreadyExists);
    await sfn.send(new StopExecutionCommand({ executionArn: first.executionArn, error: 'E', cause: 'C' }));
    await expect(start('{"a":1}', 'one')).rejects.toThrow(ExecutionAlreadyExists);
    expect(await sfn.send(new DescribeExecutionCommand({ executionArn: first.executionArn }))).toMatchObject({
      status: 'ABORTED',
      error: 'E',
      cause: 'C',
      input: '{"a": 1}',
      stopDate: new Date(clock.now()),
      redriveStatus: 'REDRIVABLE',
      redriveCount: 0,
    });
  });

  it('are refused with a wrong name, input, machine or type', async () => {
    const arn = await create('refusing', pass(1));
    await expect(run(arn, '{}', 'a name')).rejects.toThrow(InvalidName);
    await expect(run(arn, 'not json')).rejects.toThrow(InvalidExecutionInput);
    await expect(run(arn, '')).rejects.toThrow(InvalidExecutionInput);
    await expect(run(arnOf('absent'))).rejects.toThrow(StateMachineDoesNotExist);
    await expect(sfn.send(new StartSyncExecutionCommand({ stateMachineArn: arn }))).rejects.toThrow(StateMachineTypeNotSupported);
    const absent = 'arn:aws:states:us-east-1:000000000000:execution:m:absent';
    await expect(sfn.send(new DescribeExecutionCommand({ executionArn: absent }))).rejects.toThrow(ExecutionDoesNotExist);
    await expect(sfn.send(new GetExecutionHistoryCommand({ executionArn: 'x' }))).rejects.toThrow(InvalidArn);
  });

  it('are listed newest first, by status and in pages', async () => {
    const arn = await create(
      'listed',
      text(
        only(
          { Type: 'Choice', Choices: [{ Condition: '{% $states.input.ok %}', Next: 'E' }], Default: 'F' },
          { E: { Type: 'Succeed' }, F: { Type: 'Fail' } },
        ),
      ),
    );
    for (const [index, ok] of [true, false, true].entries()) await run(arn, JSON.stringify({ ok }), `e${index}`);
    const names = async (more: object) => {
      const found = await sfn.send(new ListExecutionsCommand({ stateMachineArn: arn, ...more }));
      return { names: found.executions?.map((execution) => execution.name), nextToken: found.nextToken };
    };
    expect((await names({})).names).toEqual(['e2', 'e1', 'e0']);
    expect((await names({ statusFilter: 'FAILED' })).names).toEqual(['e1']);
    const first = await names({ maxResults: 2 });
    expect(first.names).toEqual(['e2', 'e1']);
    expect((await names({ maxResults: 2, nextToken: first.nextToken })).names).toEqual(['e0']);
    await expect(names({ nextToken: 'forged' })).rejects.toThrow(InvalidToken);
    await expect(names({ maxResults: 1001 })).rejects.toThrow('less than or equal to 1000');
  });

  it('have a history in pages, in both orders, and without data on request', async () => {
    const arn = await create('history', pass(1));
    const { executionArn } = await run(arn, '{"secret":1}');
    const events = [];
    for await (const each of paginateGetExecutionHistory({ client: sfn, pageSize: 3 }, { executionArn }))
      events.push(...(each.events ?? []));
    expect(events.map((event) => event.type)).toEqual(['ExecutionStarted', 'PassStateEntered', 'PassStateExited', 'ExecutionSucceeded']);
    expect(events[0]).toMatchObject({ id: 1, previousEventId: 0, timestamp: new Date(begin) });
    expect(events[2]?.stateExitedEventDetails).toMatchObject({ name: 'S', output: '1' });
    const reversed = await sfn.send(new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, includeExecutionData: false }));
    expect(reversed.events?.map((event) => event.id)).toEqual([4, 3, 2, 1]);
    expect(JSON.stringify(reversed.events)).not.toContain('secret');
  });

  it('go on with SendTaskSuccess and can be redriven only after a failure', async () => {
    const arn = await create('callback', text(only({ Type: 'Task', Resource: callback, End: true })));
    const running = await run(arn);
    expect(running.status).toBe('RUNNING');
    await expect(sfn.send(new RedriveExecutionCommand({ executionArn: running.executionArn }))).rejects.toThrow(ExecutionNotRedrivable);
    await sfn.send(new SendTaskSuccessCommand({ taskToken: token, output: '"yes"' }));
    await states.idle();
    const ended = await sfn.send(new DescribeExecutionCommand({ executionArn: running.executionArn }));
    expect(ended).toMatchObject({ status: 'SUCCEEDED', output: '"yes"', redriveStatus: 'NOT_REDRIVABLE' });
    await expect(sfn.send(new SendTaskSuccessCommand({ taskToken: token, output: '1' }))).rejects.toMatchObject({ name: 'TaskTimedOut' });
    await expect(sfn.send(new SendTaskSuccessCommand({ taskToken: 'x', output: '1' }))).rejects.toThrow(InvalidToken);
  });
});
