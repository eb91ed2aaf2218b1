/**
 * Alarms about Gatehouse's own doings go off from the doings themselves, and are over when those end. Whoever measures under another name or by
 * another dimension than an alarm watches fails here: nothing but what functions write is counted.
 */
import { CloudWatchClient, DescribeAlarmHistoryCommand, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, paginateDescribeLogGroups, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs';
import { marshall } from '@aws-sdk/util-dynamodb';
import { templateId, uuidOf } from '@gatehouse/local/outside/coder/state';
import { loadSurfaces } from '@gatehouse/local/surfaces';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Company, companyOf } from '../support/company.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { allEvents, askModel, modelsOf } from './inference.fixture.ts';

// The machine that runs this may be busy with much else.
vi.setConfig({ testTimeout: 60_000 });

const surfaces = await loadSurfaces();
let stack: Stack;
let company: Company;
let cloudwatch: CloudWatchClient;
const client = () => ({ endpoint: stack.aws, region: 'us-east-1', credentials: { accessKeyId: 'me', secretAccessKey: 'any' } });

beforeAll(async () => {
  stack = await startStack();
  company = companyOf(stack);
  cloudwatch = new CloudWatchClient(client());
});
afterAll(() => stack?.stop());

async function stateOf(capability: string, alarm: string): Promise<string | undefined> {
  const { MetricAlarms } = await cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames: [`gatehouse-local-${capability}-${alarm}`] }));
  return MetricAlarms?.[0]?.StateValue;
}

/** One move of the clock, and all that is due by then. */
async function pass(seconds: number): Promise<void> {
  await stack.advance(seconds);
  await stack.settled();
}

async function minutes(count: number): Promise<void> {
  for (let minute = 0; minute < count; minute++) {
    await stack.advance(60);
    await stack.settled();
  }
}

function refresh(token: string): Promise<Response> {
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token });
  return fetch(`${stack.gateway}/oauth/token`, { method: 'POST', body });
}

const json = { 'content-type': 'application/json' };

async function fault(wish: object): Promise<void> {
  const response = await fetch(`${stack.outside}/_faults`, { method: 'POST', headers: json, body: JSON.stringify(wish) });
  expect(response.status).toBe(201);
}
const noFaults = () => fetch(`${stack.outside}/_faults`, { method: 'DELETE' });

/** As an admin who signs in for it: tests move days. */
async function admin<T>(method: string, path: string, body?: object): Promise<T> {
  const carol = await company.admin();
  const response = await carol.fetch(`/admin${path}`, {
    method,
    headers: { ...json, 'if-match': '*' },
    ...(body && { body: JSON.stringify(body) }),
  });
  expect(response.status, await response.clone().text()).toBeLessThan(300);
  return (await response.json()) as T;
}

const dynamodb = (capability: string, operation: 'PutItem' | 'UpdateItem', rest: object) =>
  company.aws('DynamoDB_20120810', operation, { TableName: `gatehouse-local-${capability}`, ...rest });

/** A row as a function wrote it that is gone, or on another day. */
const put = (capability: string, row: object) => dynamodb(capability, 'PutItem', { Item: marshall(row) });

/** A time of a row, as if so many days had passed since. */
async function age(capability: string, row: { pk: string; sk: string }, member: string, days: number): Promise<void> {
  const { now } = (await (await fetch(`${stack.aws}/_clock`)).json()) as { now: string };
  await dynamodb(capability, 'UpdateItem', {
    Key: marshall(row),
    UpdateExpression: `SET ${member} = :then`,
    ConditionExpression: 'attribute_exists(pk)',
    ExpressionAttributeValues: marshall({ ':then': new Date(Date.parse(now) - days * 86_400_000).toISOString() }),
  });
}

interface Running {
  executions: { executionArn: string }[];
}
const machine = (name: string) => `arn:aws:states:us-east-1:000000000000:stateMachine:gatehouse-local-${name}`;

/** As somebody does in the console. */
async function abort(name: string): Promise<void> {
  const running = await stack.until(
    async () => {
      const { executions } = await company.aws<Running>('AWSStepFunctions', 'ListExecutions', {
        stateMachineArn: machine(name),
        statusFilter: 'RUNNING',
      });
      return executions.length > 0 ? executions : undefined;
    },
    { what: `an execution of ${name}` },
  );
  // It has begun its work, and waits.
  await stack.settled();
  for (const { executionArn } of running) await company.aws('AWSStepFunctions', 'StopExecution', { executionArn });
  await stack.settled();
}

async function leave(email: string): Promise<void> {
  const { id } = await company.hr('GET', `/users/${email}`);
  await company.hr('PATCH', `/users/${id}`, { active: false });
}

const hire = (name: string, groups: string[]) => company.hr('POST', '/users', { email: `${name}@example.com`, name, groups });

async function onboarded(name: string, status: string): Promise<void> {
  await stack.until(
    async () => {
      const { onboardings } = await admin<{ onboardings: { status: string }[] }>('GET', `/onboardings?person=${name}@example.com`);
      return onboardings[0]?.status === status ? true : undefined;
    },
    { stepSeconds: 5, what: `an onboarding that is ${status}` },
  );
}

/** What CloudWatch reads of a line in its Embedded Metric Format. */
interface Written {
  _aws: { CloudWatchMetrics: { Dimensions: string[][]; Metrics: { Name: string; Unit: string }[] }[] };
}

/** Whether it went off, and whether it was over after that: both are in its history, however long ago. */
async function historyOf(alarm: string): Promise<string[]> {
  const { AlarmHistoryItems = [] } = await cloudwatch.send(
    new DescribeAlarmHistoryCommand({
      AlarmName: `gatehouse-local-${alarm}`,
      HistoryItemType: 'StateUpdate',
      ScanBy: 'TimestampAscending',
    }),
  );
  return AlarmHistoryItems.map(({ HistorySummary = '' }) => HistorySummary.split(' to ').at(-1) ?? '');
}

/** What people and systems do, by the alarm that hears of it. In this order; days may pass in between. */
const doings: Readonly<Record<string, () => Promise<void>>> = {
  'inference-upstream-faults': async () => {
    const models = modelsOf(stack);
    const alice = await stack.as('alice@example.com');
    for (const vendor of ['anthropic', 'aws-external-anthropic', 'bedrock']) await models.script({ vendor, refuse: { status: 529 } });
    for (let asked = 0; asked < 7; asked++) expect((await askModel(alice)).status).toBeGreaterThan(428);
    await models.reset();
  },
  'operations-spend-unusual': async () => {
    const { now } = (await (await fetch(`${stack.aws}/_clock`)).json()) as { now: string };
    const alice = await stack.as('alice@example.com');
    for (const week of [1, 2, 3, 4]) {
      const day = new Date(Date.parse(now) - week * 7 * 86_400_000).toISOString().slice(0, 10);
      const what = 'claude-opus-4-8#gateway';
      const keys = { pk: `SPEND#${alice.id}`, sk: `${day}#${what}`, gsi1pk: `DAY#${day}`, gsi1sk: `${alice.id}#${what}` };
      await put('usage', { ...keys, amount_micros: 11_000_000 });
    }
    const models = modelsOf(stack);
    await models.script({ text: 'A long one.', usage: { input_tokens: 5_000_000, output_tokens: 10 } });
    expect((await allEvents(await askModel(alice, { stream: true }))).at(-1)?.name).toBe('message_stop');
    await models.reset();
  },
  'lifecycle-onboarding-needs-human': async () => {
    const body = { type: 'error', error: { type: 'invalid_request_error', message: 'No seats are available on your plan' } };
    await fault({ path: '/anthropic/v1/organizations/invites', method: 'POST', status: 400, body });
    await hire('quinn', ['engineering']);
    await onboarded('quinn', 'needs_human');
    await noFaults();
  },
  'lifecycle-move-needs-human': async () => {
    const { id } = await hire('mia', ['engineering']);
    await onboarded('mia', 'done');
    await fault({ path: '/litellm', status: 503 });
    await company.hr('PUT', `/groups/contractors/members/${id}`);
    await company.hr('DELETE', `/groups/engineering/members/${id}`);
    await abort('mover');
    await noFaults();
  },
  'lifecycle-many-joiners': async () => {
    const { now } = (await (await fetch(`${stack.aws}/_clock`)).json()) as { now: string };
    for (const hour of [now, new Date(Date.parse(now) + 3_600_000).toISOString()])
      await put('lifecycle', { pk: `JOINERS#${hour.slice(0, 13)}`, sk: 'COUNT', people: 25 });
    await hire('the26th', ['engineering']);
    await stack.settled();
  },
  'workspaces-rollout-needs-human': async () => {
    expect((await company.coder('PATCH', `/templates/${templateId}/versions`, { id: uuidOf('newer') })).status).toBe(200);
    await admin('POST', '/rollouts', { template: 'claude-code', reason: 'a newer image', deadline_days: 3 });
    await abort('workspace-rollout');
  },
  'people-orphans': async () => {
    const key = await company.virtualKey('ghost@example.com');
    for (let hour = 0; hour < 3; hour++) await pass(3_600);
    expect((await company.litellm('POST', '/key/delete', { keys: [key] })).status).toBe(200);
    for (let hour = 0; hour < 2; hour++) await pass(3_600);
  },
  'lifecycle-case-needs-human': async () => {
    await fault({ path: '/litellm/key/block', status: 503 });
    await leave('frank@example.com');
    await abort('offboarding');
    await noFaults();
  },
  'lifecycle-slow-cut': async () => {
    await fault({ path: '/litellm/key/block', status: 503 });
    await leave('bob@example.com');
    await stack.settled();
    await stack.advance(310);
    await noFaults();
    await company.caseOf('bob@example.com', ({ cut_at }) => cut_at !== undefined, { what: 'a late cut' });
  },
  'inference-overdue': async () => {
    const { now } = (await (await fetch(`${stack.aws}/_clock`)).json()) as { now: string };
    const { id: person } = await stack.as('dave@example.com');
    const at = Date.parse(now) - 20 * 60_000;
    // What a function leaves that dies in the middle of a prompt.
    for (const id of ['0', '1', '2'])
      await put('usage', {
        pk: `HOLD#${id}`,
        sk: 'HOLD',
        gsi1pk: `HOLDS#${id}`,
        gsi1sk: new Date(at).toISOString(),
        at,
        group: { person, session: 's', model: 'claude-opus-4-8', route: 'gateway', regional: false, fast: false, batch: false },
        tokens: { input: 10, output: 1000, cache_read: 0, cache_write_5m: 0, cache_write_1h: 0 },
        amount_micros: 25_050,
        counters: [],
      });
    await minutes(1);
  },
  'lifecycle-case-unproven': async () => {
    await fault({ path: '/litellm/key/block', method: 'POST', status: 200, body: { blocked: true } });
    await leave('erin@example.com');
    await company.caseOf('erin@example.com', ({ status }) => status === 'needs_human', { stepSeconds: 60, what: 'a key that lives on' });
    await noFaults();
  },
  'policy-publication-refuses-many': async () => {
    // Whom it refuses would all be cut: another journey follows that.
    const rules = ['lifecycle-entitlement-changed', 'lifecycle-policy-regroups'];
    const turn = (operation: string) =>
      Promise.all(
        rules.map((rule) => company.aws('AWSEvents', operation, { Name: `gatehouse-local-${rule}`, EventBusName: 'gatehouse-local' })),
      );
    await turn('DisableRule');
    for (let guest = 0; guest < 10; guest++) await hire(`guest${guest}`, ['guests']);
    await stack.settled();
    const { document } = await admin<{ document: { policies: object[] } }>('GET', '/policies');
    const guests = { name: 'guests', match: { groups: ['guests'] }, models: { allow: ['haiku'] } };
    await admin('PUT', '/policies', { document: { ...document, policies: [...document.policies, guests] }, reason: 'guests are here' });
    await admin('PUT', '/policies', { document, reason: 'they are gone' });
    await stack.settled();
    await turn('EnableRule');
    await minutes(2);
  },
  'operations-signing-key-old': async () => {
    const { keys } = (await (await fetch(`${stack.gateway}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] };
    for (const { kid } of keys) await age('access', { pk: 'SIGNING-KEYS', sk: kid }, 'created_at', 101);
    await pass(3_600);
    await pass(3_600);
    await company.aws('AWSStepFunctions', 'StartExecution', {
      stateMachineArn: `${machine('key-rotation')}:live`,
      input: '{"reason": "it is old"}',
    });
  },
  'people-source-silent': async () => {
    await fetch(`${stack.idp}/_faults`, { method: 'POST', body: JSON.stringify({ path: '/entra', status: 503 }) });
    await age('people', { pk: 'SOURCE#entra-delta', sk: 'SOURCE' }, 'heard_at', 31);
    for (let sweep = 0; sweep < 3; sweep++) await pass(900);
    await fetch(`${stack.idp}/_faults`, { method: 'DELETE' });
  },
};

describe('alarms go off from what happens, and are over when it is:', () => {
  it.each(Object.entries(doings))('%s', async (_, happens) => {
    await happens();
  });

  it('and each was heard of, and is over', async () => {
    for (let hour = 0; hour < 4; hour++) await pass(3_600);
    for (let day = 0; day < 3; day++) await pass(86_400);
    for (const alarm of [...Object.keys(doings), 'lifecycle-cut-objective-burning']) {
      const history = await historyOf(alarm);
      expect.soft(history, alarm).toContain('ALARM');
      expect.soft(history.slice(history.indexOf('ALARM')), alarm).toContain('OK');
    }
  });
});

it('functions write no metric but what a surface declares, by name, unit and dimensions', async () => {
  const declared = new Map(surfaces.flatMap(({ metrics = [] }) => metrics.map((metric) => [metric.name, metric])));
  const same = (one: readonly string[], other: readonly string[]) => JSON.stringify([...one].sort()) === JSON.stringify([...other].sort());
  const strange = new Set<string>();
  const seen = new Set<string>();
  const logs = new CloudWatchLogsClient(client());
  for await (const { logGroups = [] } of paginateDescribeLogGroups({ client: logs }, { logGroupNamePrefix: '/aws/lambda/' }))
    for (const { logGroupName } of logGroups)
      for await (const { events = [] } of paginateFilterLogEvents({ client: logs }, { logGroupName }))
        for (const { message = '' } of events.filter((event) => event.message?.startsWith('{"_aws"'))) {
          const { _aws } = JSON.parse(message) as Written;
          for (const { Metrics, Dimensions } of _aws.CloudWatchMetrics)
            for (const { Name, Unit } of Metrics) {
              seen.add(Name);
              const { unit, sets = [] } = declared.get(Name) ?? {};
              const unknown = Dimensions.filter((written) => !sets.some((set) => same(set, written)));
              if (unit !== Unit || unknown.length > 0) strange.add(`${Name} in ${Unit} by ${JSON.stringify(unknown)}, of ${logGroupName}`);
            }
        }
  expect([...strange]).toEqual([]);
  expect(seen.size).toBeGreaterThan(30);
});

it('a retired refresh token that comes back', async () => {
  const { refreshToken } = await stack.as('alice@example.com');
  expect((await refresh(refreshToken)).status).toBe(200);
  await stack.advance(61);
  expect((await refresh(refreshToken)).status).toBe(401);
  await minutes(6);
  expect(await stateOf('access', 'refresh-reuse')).toBe('ALARM');
  await minutes(11);
  expect(await stateOf('access', 'refresh-reuse')).toBe('OK');
});

it('a hundred tokens that are none', async () => {
  const body = () =>
    new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 'eyJhbGciOiJub25lIn0.e30.',
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    });
  for (let tried = 0; tried < 100; tried += 10)
    await Promise.all(Array.from({ length: 10 }, () => fetch(`${stack.gateway}/oauth/token`, { method: 'POST', body: body() })));
  await minutes(6);
  expect(await stateOf('access', 'refusal-surge')).toBe('ALARM');
  await minutes(11);
  expect(await stateOf('access', 'refusal-surge')).toBe('OK');
});

it('a directory that lists people and does not show them, sweep after sweep', async () => {
  // More than the sweep reads at once: it stops at those that it cannot read, and the others wait.
  for (let person = 0; person < 40; person++) {
    const hired = { method: 'POST', body: JSON.stringify({ email: `newcomer${person}@example.com` }) };
    const { id } = (await (await fetch(`${stack.idp}/directory/users?silent=1`, hired)).json()) as { id: string };
    await fetch(`${stack.idp}/_faults`, { method: 'POST', body: JSON.stringify({ path: `/api/v1/users/${id}`, status: 503 }) });
  }
  for (let sweep = 0; sweep < 6; sweep++) await pass(900);
  expect(await stateOf('people', 'directory-unreadable')).toBe('ALARM');
  expect(await stateOf('people', 'sweep-behind')).toBe('ALARM');
  await fetch(`${stack.idp}/_faults`, { method: 'DELETE' });
  for (let sweep = 0; sweep < 3; sweep++) await pass(900);
  expect(await stateOf('people', 'directory-unreadable')).toBe('OK');
  expect(await stateOf('people', 'sweep-behind')).toBe('OK');
});
