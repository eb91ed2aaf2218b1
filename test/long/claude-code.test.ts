/** The unmodified client against the running stack. `CLAUDE_BINARY` names it; nothing of it is part of this repository. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { signInAtIdp } from '../../packages/access/browser.fixture.ts';
import { changePolicy, modelsOf, spentBy } from '../journeys/inference.fixture.ts';
import { companyOf } from '../support/company.ts';
import { type Person, type Stack, startStack } from '../support/stack.ts';
import { type ClaudeCode, claudeCode } from './claude-terminal.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

const binary = process.env.CLAUDE_BINARY;
if (!binary)
  console.log('The journey with the real client is skipped: set CLAUDE_BINARY to the path of a claude of version 2.1.195 or later.');
const present = binary !== undefined && existsSync(binary);

describe.skipIf(!present)('a stock Claude Code', () => {
  let stack: Stack;
  let claude: ClaudeCode;
  let models: ReturnType<typeof modelsOf>;
  let carol: Person;
  let alice: Person;

  beforeAll(async () => {
    stack = await startStack();
    models = modelsOf(stack);
    carol = await stack.as('carol@example.com');
    alice = await stack.as('alice@example.com');
    // What Claude Code itself writes into a prompt must pass every guardrail.
    await changePolicy(carol, (document) => {
      document.base.guardrails = { secrets: 'block', financial: 'block', pii: 'block' };
    });
    claude = await claudeCode(binary ?? '', stack.gateway);
    const { output } = await claude.run(['--version']);
    console.log(`claude ${output.trim()}`);
  });
  afterAll(async () => {
    await claude?.close();
    await stack?.stop();
  });

  it('signs in through the device page, as alice does in her browser', async () => {
    const terminal = claude.open(['auth', 'login']);
    await terminal.see(/Enter\s*to\s*connect/);
    terminal.press('\r');
    await terminal.see(/Yes,\s*trust\s*this\s*gateway/);
    terminal.press('\x1b[A');
    terminal.press('\r');
    const [, code = ''] = /Code:\s*([A-Z0-9]{4}-[A-Z0-9]{4})/.exec(await terminal.see(/\/device\b/)) ?? [];
    await confirmInBrowser(code, 'alice@example.com');
    await terminal.see(/Connected\s*to\s*Cloud\s*gateway/);
    terminal.press('\r');
    expect((await terminal.ended).code).toBe(0);
  });

  it('gets its settings, answers a prompt, and its telemetry lands in the ledger beside what the gateway saw', async () => {
    await models.script({ text: 'Hello from behind the gateway.' });
    const ran = await claude.run(['-p', 'Say hello.', '--model', 'claude-opus-4-8']);
    expect(ran).toEqual({ code: 0, output: 'Hello from behind the gateway.\n' });
    const [asked] = await models.asked();
    expect(asked).toMatchObject({
      headers: { 'x-app': 'cli', 'credential-kind': 'x-api-key' },
      body: { model: 'claude-opus-4-8', stream: true },
    });
    await stack.settled();
    const witnesses = new Set((await entries()).map(({ witness }) => witness));
    // Only settings that were fetched switch telemetry on: nothing else in its room does.
    expect(witnesses).toEqual(new Set(['server', 'event', 'metric']));
    const groups = new Set((await entries()).map(({ session, model, route }) => `${session} ${model} ${route}`));
    expect(groups).toEqual(new Set([`${asked?.headers['x-claude-code-session-id']} claude-opus-4-8 gateway`]));
    const { requests } = await spentBy(alice);
    expect(requests).toBe(1);
  });

  it('is refused a denied model with our sentence, in one attempt', async () => {
    const { accessToken } = await stack.as('bob@example.com');
    // Signed in, it would not even ask: its settings tell it. As a client that knows no settings, it does.
    const env = { CLAUDE_CODE_USE_GATEWAY: '1', ANTHROPIC_BASE_URL: stack.gateway, ANTHROPIC_AUTH_TOKEN: accessToken };
    const before = await refusals();
    const stranger = await claudeCode(binary ?? '', stack.gateway, { managed: false });
    const ran = await stranger.run(['-p', 'Say hello.', '--model', 'claude-opus-4-8'], env);
    await stranger.close();
    expect(ran.code).toBe(1);
    expect(ran.output).toContain('The model claude-opus-4-8 is not in your policy (contractors). Choose one of haiku with /model.');
    expect((await refusals()) - before).toBe(1);
  });

  it('shows the budget message as we wrote it, in one attempt', async () => {
    const limitTo = (micros: number) =>
      changePolicy(carol, (document) => {
        document.policies.find(({ name }: { name: string }) => name === 'engineering').budgets[0].amount_micros = micros;
      });
    await limitTo(1);
    const before = await refusals();
    const ran = await claude.run(['-p', 'Say hello.', '--model', 'claude-opus-4-8']);
    expect(ran.output).toMatch(/Your monthly budget of \$0\.00 is used up\. It starts anew on \d{4}-\d{2}-\d{2} \(UTC\)\./);
    expect((await refusals()) - before).toBe(1);
    await limitTo(500_000_000);
    expect((await claude.run(['-p', 'Say hello.'])).code).toBe(0);
  });

  it('cannot refresh, nor start, once the identity provider disables the person', async () => {
    const company = companyOf(stack);
    await company.hr('PATCH', `/users/alice@example.com`, { active: false });
    await company.caseOf('alice@example.com', ({ cut_at }) => cut_at !== undefined);
    const refused = await fetch(`${stack.gateway}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: await claude.refreshToken() }),
    });
    expect([refused.status, await refused.json()]).toMatchObject([401, { error: 'invalid_grant' }]);
    const ran = await claude.run(['-p', 'Say hello.']);
    expect(ran.code).toBe(1);
    expect(ran.output).toMatch(/sign in|log in|\/login|no longer accepts/i);
    console.log(ran.output.trim());
  });

  interface EntryRow {
    witness: string;
    session: string;
    model: string;
    route: string;
  }
  async function entries(): Promise<EntryRow[]> {
    const { Items } = await company().aws<{ Items: Record<string, { S: string }>[] }>('DynamoDB_20120810', 'Scan', {
      TableName: 'gatehouse-local-usage',
      FilterExpression: 'begins_with(pk, :entry)',
      ExpressionAttributeValues: { ':entry': { S: 'ENTRY#' } },
    });
    return Items.map(({ witness, session, model, route }) => ({
      witness: witness?.S ?? '',
      session: session?.S ?? '',
      model: model?.S ?? '',
      route: route?.S ?? '',
    }));
  }
  const company = () => companyOf(stack);
  /** How often the gateway said no. */
  async function refusals(): Promise<number> {
    const { events } = await company().aws<{ events: unknown[] }>('Logs_20140328', 'FilterLogEvents', {
      logGroupName: '/aws/lambda/gatehouse-local-inference-gateway',
      filterPattern: '"InferenceRefusals"',
    });
    return events.length;
  }

  /** What alice does with the code that her terminal shows. */
  async function confirmInBrowser(code: string, login: string): Promise<void> {
    const form = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
      fetch(stack.gateway + path, { method: 'POST', body: new URLSearchParams(fields), headers, redirect: 'manual' });
    const sent = await form('/device', { user_code: code });
    const cookie = sent.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const back = await signInAtIdp(sent.headers.get('location') ?? '', login, stack.gateway);
    const page = await (await fetch(back, { headers: { cookie } })).text();
    const csrf = /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
    const confirmed = await form('/device', { decision: 'approve', csrf }, { cookie, origin: stack.gateway });
    expect(confirmed.status).toBe(200);
  }
});
