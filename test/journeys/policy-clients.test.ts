/** Proves the proof of effect: what was delivered meets what clients hold and report, in the list, in metrics and in alarms. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Person, type Stack, startStack } from '../support/stack.ts';

// The machine that runs this may be busy with much else.
vi.setConfig({ testTimeout: 60_000 });

let stack: Stack;
let carol: Person;
let ivan: Person;
let erin: Person;

beforeAll(async () => {
  stack = await startStack();
  carol = await stack.as('carol@example.com');
  ivan = await stack.as('ivan@example.com');
  erin = await stack.as('erin@example.com');
});
afterAll(() => stack?.stop());

// biome-ignore lint/suspicious/noExplicitAny: answers are read by the assertions, as any HTTP client reads them.
type Json = any;

async function poll(person: Person, headers: Record<string, string> = {}): Promise<string> {
  const response = await person.fetch('/managed/settings', { headers: { 'user-agent': 'claude-code/2.1.330', ...headers } });
  expect([200, 304]).toContain(response.status);
  return response.headers.get('etag') ?? '';
}
/** The event that Claude Code 2.1.330 exports at its start. */
async function report(person: Person, sources: string[], version = '2.1.330'): Promise<void> {
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const { now } = (await (await fetch(`${stack.aws}/_clock`)).json()) as { now: string };
  const attributes = [
    text('event.name', 'managed_settings_resolved'),
    text('event.timestamp', now),
    text('session.id', `s-${person.id}`),
    { key: 'event.sequence', value: { intValue: 0 } },
    text('managed_settings.trigger', 'startup'),
    { key: 'managed_settings.sources', value: { arrayValue: { values: sources.map((stringValue) => ({ stringValue })) } } },
    text('managed_settings.helper.state', 'none'),
  ];
  const timeUnixNano = `${Date.parse(now)}000000`;
  const body = {
    resourceLogs: [
      {
        resource: { attributes: [text('service.name', 'claude-code'), text('service.version', version)] },
        scopeLogs: [
          {
            scope: { name: 'com.anthropic.claude_code.events', version },
            logRecords: [
              {
                timeUnixNano,
                observedTimeUnixNano: timeUnixNano,
                body: { stringValue: 'claude_code.managed_settings_resolved' },
                attributes,
              },
            ],
          },
        ],
      },
    ],
  };
  const headers = { 'content-type': 'application/json' };
  expect((await person.fetch('/v1/logs', { method: 'POST', headers, body: JSON.stringify(body) })).status).toBe(200);
}
const clients = async (query = ''): Promise<Json> => (await carol.fetch(`/admin/policies/clients${query}`)).json();
async function reaches(name: string, state: 'ALARM' | 'OK'): Promise<void> {
  await stack.until(
    async () => {
      const answer = await fetch(stack.aws, {
        method: 'POST',
        headers: { 'x-amz-target': 'GraniteServiceVersion20100801.DescribeAlarms', 'content-type': 'application/x-amz-json-1.0' },
        body: JSON.stringify({ AlarmNames: [`gatehouse-local-policy-${name}`] }),
      });
      return ((await answer.json()) as Json).MetricAlarms?.[0]?.StateValue === state ? true : undefined;
    },
    { stepSeconds: 600, timeoutMs: 50_000, what: `the alarm ${name} to be ${state}` },
  );
}

describe('clients', () => {
  it('are proven, unproven, drifted, unmanaged or outdated, each with its reason', async () => {
    const [alice, bob, dave] = (await Promise.all(['alice', 'bob', 'dave'].map((name) => stack.as(`${name}@example.com`)))) as [
      Person,
      Person,
      Person,
    ];
    const tag = await poll(alice);
    await poll(alice, { 'if-none-match': tag });
    await report(alice, ['remote']);
    await poll(bob);
    await report(erin, []);
    await poll(ivan, { 'if-none-match': `"sha256:${'0'.repeat(64)}"` });
    await poll(dave);
    await report(dave, ['remote'], '2.1.100');
    await stack.settled();

    const expected = [
      ['ivan@example.com', 'drifted', 'it holds settings that were never delivered to it'],
      ['erin@example.com', 'unmanaged', 'it reports that no managed settings apply'],
      ['dave@example.com', 'outdated', 'it is 2.1.100, the policy asks for 2.1.195'],
      ['bob@example.com', 'unproven', 'settings were delivered, and it has not reported which apply'],
      ['alice@example.com', 'proven', 'it reports settings from remote'],
    ];
    const found = await stack.until(
      async () => {
        const body = await clients();
        return body.clients.length === expected.length && body.counts.proven === 1 && body.counts.unmanaged === 1 ? body : undefined;
      },
      { what: 'every client and report' },
    );
    expect(found.clients.map(({ email, standing, because }: Json) => [email, standing, because])).toEqual(expected);
    expect(found.counts).toEqual({ drifted: 1, unmanaged: 1, outdated: 1, unproven: 1, proven: 1 });
    expect(found.groups.find(({ group }: Json) => group === 'contractors').counts).toMatchObject({ unproven: 1, drifted: 0 });
  });

  it('are narrowed by standing and by group', async () => {
    expect((await clients('?standing=drifted')).clients).toMatchObject([{ email: 'ivan@example.com' }]);
    expect((await clients('?group=contractors')).clients).toMatchObject([{ email: 'bob@example.com' }]);
    expect((await carol.fetch('/admin/policies/clients?standing=lost')).status).toBe(400);
  });

  it('that drift, or that nothing manages, ring within the hour, until they hold what they were given', async () => {
    await stack.advance(3_700);
    await stack.settled();
    for (const name of ['clients-drifted', 'clients-unmanaged']) await reaches(name, 'ALARM');
    const given = await poll(ivan);
    await poll(ivan, { 'if-none-match': given });
    await poll(erin);
    await report(erin, ['remote']);
    for (const name of ['clients-drifted', 'clients-unmanaged']) await reaches(name, 'OK');
  });
});
