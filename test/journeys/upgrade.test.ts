/** A deployment in the middle of an offboarding: what runs ends by the definition that it began with, and what starts afterwards has the new one. */
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  SFNClient,
  StartExecutionCommand,
  UpdateStateMachineAliasCommand,
  UpdateStateMachineCommand,
} from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Person, type Stack, startStack } from '../support/stack.ts';

const machine = 'arn:aws:states:us-east-1:000000000000:stateMachine:gatehouse-local-offboarding';

let stack: Stack;
let states: SFNClient;

beforeAll(async () => {
  stack = await startStack();
  states = new SFNClient({ endpoint: stack.aws, region: 'us-east-1', credentials: { accessKeyId: 'me', secretAccessKey: 'any' } });
});
afterAll(() => stack.stop());

it('a leaver whose days of grace run is deleted by the machine of the day on which they left', async () => {
  await stack.as('bob@example.com');
  const { users } = (await (await fetch(`${stack.idp}/directory/users`)).json()) as { users: { id: string; email: string }[] };
  const bob = users.find(({ email }) => email === 'bob@example.com')?.id ?? expect.fail('bob is not there');
  await fetch(`${stack.idp}/directory/users/${bob}`, { method: 'PATCH', body: JSON.stringify({ active: false }) });
  const carol = await stack.as('carol@example.com');
  const old = await stack.until(
    async () => {
      const { executions = [] } = await states.send(new ListExecutionsCommand({ stateMachineArn: machine, statusFilter: 'RUNNING' }));
      return executions[0]?.executionArn;
    },
    { what: 'the offboarding' },
  );
  const statusOf = async (admin: Person) => {
    const answer = await admin.fetch('/admin/offboardings?person=bob@example.com');
    return ((await answer.json()) as { offboardings: { status: string }[] }).offboardings[0]?.status;
  };
  await stack.until(async () => ((await statusOf(carol)) === 'proven' ? true : undefined), {
    stepSeconds: 30,
    timeoutMs: 60_000,
    what: 'the proof',
  });

  const definition = JSON.stringify({
    QueryLanguage: 'JSONata',
    StartAt: 'New',
    States: { New: { Type: 'Pass', Output: { made: 'newly' }, End: true } },
  });
  const { stateMachineVersionArn } = await states.send(
    new UpdateStateMachineCommand({ stateMachineArn: machine, definition, publish: true }),
  );
  await states.send(
    new UpdateStateMachineAliasCommand({
      stateMachineAliasArn: `${machine}:live`,
      routingConfiguration: [{ stateMachineVersionArn, weight: 100 }],
    }),
  );

  const { executionArn } = await states.send(new StartExecutionCommand({ stateMachineArn: `${machine}:live`, input: '{}' }));
  await stack.settled();
  const fresh = await states.send(new DescribeExecutionCommand({ executionArn }));
  expect([fresh.status, fresh.output]).toEqual(['SUCCEEDED', '{"made":"newly"}']);

  // One leap to the end of the grace: further ones would be longer than the steps behind it may take.
  await stack.advance(7 * 86_400);
  await stack.until(
    async () => ((await states.send(new DescribeExecutionCommand({ executionArn: old }))).status === 'RUNNING' ? undefined : true),
    { stepSeconds: 5, timeoutMs: 40_000, what: 'the end of the grace' },
  );
  const ended = await states.send(new DescribeExecutionCommand({ executionArn: old }));
  expect(ended.status).toBe('SUCCEEDED');
  const { events = [] } = await states.send(new GetExecutionHistoryCommand({ executionArn: old, maxResults: 1000 }));
  const entered = events.flatMap(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? []);
  expect(entered).not.toContain('New');
  // The days of grace outlive a token.
  expect(await statusOf(await stack.as('carol@example.com'))).toBe('done');
}, 60_000);
