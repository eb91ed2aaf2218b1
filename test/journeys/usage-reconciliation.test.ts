import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logsBody, requestRecord } from '../../packages/usage/exporter.fixture.ts';
import type { ReconciledRow } from '../../packages/usage/reconciliation.ts';
import { type Company, companyOf } from '../support/company.ts';
import { type Person, type Stack, startStack } from '../support/stack.ts';

let stack: Stack;
let company: Company;
let carol: Person;
const day = new Date().toISOString().slice(0, 10);

beforeAll(async () => {
  stack = await startStack();
  company = companyOf(stack);
  carol = await stack.as('carol@example.com');
}, 60_000);
afterAll(() => stack?.stop());

const reconciled = async () => {
  const answer = await carol.fetch(`/admin/reconciliation?from=${day}&to=${day}`);
  expect(answer.status).toBe(200);
  return (await answer.json()) as {
    rows: ReconciledRow[];
    organization: unknown[];
    coverage_percent: number | null;
    silent_people: number;
  };
};
const rowOf = async ({ id }: Person) => (await reconciled()).rows.find(({ person }) => person === id);

describe('reconciliation', () => {
  it('puts what clients say beside what Bedrock logged, and finds who is silent and what was lost', async () => {
    const [alice, bob] = [await stack.as('alice@example.com'), await stack.as('bob@example.com')];
    const model = 'us.anthropic.claude-haiku-4-5-20251001-v1:0';
    const more = { cost_usd_micros: 1_000, 'anthropic.provider': 'bedrock' };
    const records = [0, 1, 4].map((sequence) => requestRecord({ at: Date.now() - 1_000, sequence, tokens: { input: 1_000 }, model, more }));
    const sent = await alice.fetch('/v1/logs', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(logsBody(records)),
    });
    expect(sent.status).toBe(200);

    const group = '/company/bedrock';
    await company.aws('Logs_20140328', 'CreateLogGroup', { logGroupName: group });
    await company.aws('Logs_20140328', 'CreateLogStream', { logGroupName: group, logStreamName: 'invocations' });
    const destinationArn = 'arn:aws:lambda:us-east-1:000000000000:function:gatehouse-local-usage-hear-invocations';
    await company.aws('Logs_20140328', 'PutSubscriptionFilter', {
      logGroupName: group,
      filterName: 'usage',
      filterPattern: '',
      destinationArn,
    });
    const logged = (email: string, requestId: string) => ({
      timestamp: Date.now(),
      message: JSON.stringify({
        timestamp: new Date().toISOString(),
        requestId,
        modelId: model,
        identity: { arn: `arn:aws:sts::000000000000:assumed-role/ClaudeCode/${email}` },
        input: { inputTokenCount: 1_000 },
        output: { outputTokenCount: 0 },
      }),
    });
    const logEvents = [1, 2, 3, 3, 4].map((n) => logged('alice@example.com', `r-${n}`)).concat(logged('bob@example.com', 'r-5'));
    await company.aws('Logs_20140328', 'PutLogEvents', { logGroupName: group, logStreamName: 'invocations', logEvents });
    await stack.until(async () => ((await rowOf(bob))?.billed_micros ? true : undefined), { what: 'the billed line' });

    // A tenth more for a regional profile: 1,100 micro-dollars each.
    expect(await rowOf(alice)).toMatchObject({
      ledger_micros: 3_300,
      client_micros: 3_300,
      billed_by: { bedrock: 4_400 },
      coverage_percent: 75,
      drift_percent: 25,
      missing_events: 2,
      state: 'reporting',
    });
    expect(await rowOf(bob)).toMatchObject({ billed_micros: 1_100, state: 'silent', coverage_percent: 0 });
    expect((await reconciled()).silent_people).toBe(1);
  });

  it('takes a Cost and Usage Report, and the same again', async () => {
    const alice = await stack.as('alice@example.com');
    const csv = [
      'identity_line_item_id,line_item_usage_start_date,line_item_product_code,line_item_unblended_cost,line_item_iam_principal',
      `l1,${day}T01:00:00Z,AmazonBedrock,0.005,arn:aws:sts::1:assumed-role/ClaudeCode/alice@example.com`,
      `l2,${day}T01:00:00Z,AmazonBedrock,0.002,arn:aws:iam::1:role/Unknown`,
    ].join('\n');
    for (let time = 0; time < 2; time++) {
      const answer = await carol.fetch('/admin/billed', { method: 'POST', headers: { 'content-type': 'text/csv' }, body: csv });
      expect([answer.status, await answer.json()]).toEqual([200, { lines: 2, days: [day], amount_micros: 7_000, unattributed: 1 }]);
    }
    expect((await rowOf(alice))?.billed_by).toMatchObject({ cur: 5_000 });
    expect((await alice.fetch('/admin/reconciliation')).status).toBe(403);
    expect((await carol.fetch('/admin/billed', { method: 'POST', body: 'a,b\n1,2' })).status).toBe(400);
  });

  it('asks Anthropic each morning what it reckons, and shows it for the day before', async () => {
    const alice = await stack.as('alice@example.com');
    const one = { day, model: 'claude-haiku-4-5', cents: 0.5 };
    const used = [
      { ...one, email: 'nobody.of.ours@example.net' },
      { ...one, email: 'ALICE@example.com' },
      { ...one, email: 'alice@example.com', terminal_type: 'iTerm', cents: 0.1 },
      { ...one, api_key_name: 'ci', cents: 2 },
    ];
    const counted = await fetch(`${stack.outside}/anthropic/_billing`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ used }),
    });
    expect(counted.status).toBe(204);
    const nextMorning = Date.parse(day) + (24 + 7) * 3_600_000 + 60_000;
    await stack.advance(Math.ceil((nextMorning - Date.now()) / 1_000));
    await stack.settled();
    carol = await stack.as('carol@example.com');
    // The larger of two vendors' bills counts.
    expect(await rowOf(alice)).toMatchObject({ billed_by: { anthropic: 6_000, bedrock: 4_400, cur: 5_000 }, billed_micros: 6_000 });
    const { rows, organization } = await reconciled();
    expect(rows.find(({ person }) => person === '-')).toMatchObject({ billed_by: { anthropic: 25_000 }, state: 'nobody' });
    expect(organization).toEqual([{ day, amount_micros: 31_000 }]);
  }, 60_000);

  it('is measured every morning, and a company that does not report, or is billed something else, rings until the next one', async () => {
    const state = async (name: string) =>
      (
        await company.aws<{ MetricAlarms: { StateValue: string }[] }>('GraniteServiceVersion20100801', 'DescribeAlarms', {
          AlarmNames: [`gatehouse-local-usage-${name}`],
        })
      ).MetricAlarms[0]?.StateValue;
    for (const wanted of ['ALARM', 'OK'])
      for (const name of ['coverage-low', 'bill-drift'])
        await stack.until(async () => ((await state(name)) === wanted ? true : undefined), {
          stepSeconds: 3_600,
          timeoutMs: 40_000,
          what: `${wanted} of ${name}`,
        });
  }, 60_000);
});
