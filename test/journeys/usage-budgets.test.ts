import { afterAll, beforeAll, expect, it } from 'vitest';
import { metricsBody, tokenPoint } from '../../packages/usage/exporter.fixture.ts';
import { type Company, companyOf } from '../support/company.ts';
import { type Person, type Stack, startStack } from '../support/stack.ts';

let stack: Stack;
let company: Company;

beforeAll(async () => {
  stack = await startStack();
  company = companyOf(stack);
}, 60_000);
afterAll(() => stack?.stop());

let moments = 0;
async function use(person: Person, output: number): Promise<void> {
  const point = tokenPoint({ at: Date.now() - 60_000 - moments++, type: 'output', tokens: output, model: 'claude-haiku-4-5' });
  const answer = await person.fetch('/v1/metrics', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(metricsBody([point])),
  });
  expect([answer.status, await answer.text()]).toEqual([200, '{}']);
}

/** Gives the contractors one pot of ten dollars a month. */
async function shareABudget(carol: Person): Promise<void> {
  const head = await carol.fetch('/admin/policies');
  const { document } = (await head.json()) as { document: { policies: { match: { groups?: string[] }; budgets?: unknown[] }[] } };
  for (const policy of document.policies)
    if (policy.match.groups?.includes('contractors'))
      policy.budgets = [{ period: 'monthly', amount_micros: 10_000_000, scope: 'group', group: 'contractors' }];
  const put = await carol.fetch('/admin/policies', {
    method: 'PUT',
    headers: { 'content-type': 'application/json', 'if-match': head.headers.get('etag') ?? '' },
    body: JSON.stringify({ document, reason: 'one pot' }),
  });
  expect([put.status, await put.text()]).toEqual([put.status, expect.any(String)]);
  expect(put.ok).toBe(true);
}

interface Transition {
  HistoryItemType: string;
  HistorySummary: string;
}

it('the alarm of a group’s budget goes off from OTLP posts alone, through fact, rule, metric and alarm, and once', async () => {
  await shareABudget(await stack.as('carol@example.com'));
  const [bob, frank] = [await stack.as('bob@example.com'), await stack.as('frank@example.com')];
  // Five micro-dollars a token: six dollars of bob's, three of frank's, and the pot is at 90 percent.
  await use(bob, 1_200_000);
  await use(frank, 600_000);
  await stack.settled();
  const limits = async (person: Person) =>
    ((await (await person.fetch('/v1/usage')).json()) as { limits: { scope: string; used_micros: number }[] }).limits;
  expect(await limits(bob)).toContainEqual(expect.objectContaining({ scope: 'group', used_micros: 9_000_000 }));
  const name = 'budget-exceeded';
  const alarm = `gatehouse-local-usage-${name}`;
  const state = async () =>
    (
      await company.aws<{ MetricAlarms: { StateValue: string }[] }>('GraniteServiceVersion20100801', 'DescribeAlarms', {
        AlarmNames: [alarm],
      })
    ).MetricAlarms[0]?.StateValue;
  await stack.advance(120);
  expect(await state()).not.toBe('ALARM');
  for (const [person, tokens] of [
    [frank, 200_000],
    [frank, 100_000],
    [bob, 100_000],
  ] as const)
    await use(person, tokens);
  await stack.settled();
  await stack.until(async () => ((await state()) === 'ALARM' ? true : undefined), { stepSeconds: 15, what: 'the alarm' });
  await stack.advance(600);
  await use(bob, 100_000);
  await stack.settled();
  await stack.advance(600);
  const { AlarmHistoryItems } = await company.aws<{ AlarmHistoryItems: Transition[] }>(
    'GraniteServiceVersion20100801',
    'DescribeAlarmHistory',
    { AlarmName: alarm, HistoryItemType: 'StateUpdate' },
  );
  expect(AlarmHistoryItems.filter(({ HistorySummary }) => /to ALARM/.test(HistorySummary))).toHaveLength(1);
  expect(await state()).toBe('OK');
});
