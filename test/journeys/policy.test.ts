/** Proves the policy's whole life from outside: by the command line over the API, and by the two kinds of clients that must obey it. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { signInAtIdp } from '../../packages/access/browser.fixture.ts';
import { type Person, type Stack, startStack } from '../support/stack.ts';

// The machine that runs this may be busy with much else.
vi.setConfig({ testTimeout: 60_000 });

const main = path.resolve(import.meta.dirname, '../../packages/client/gatehouse.main.ts');
const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-policy-'));
let stack: Stack;
let carol: Person;

beforeAll(async () => {
  stack = await startStack();
  carol = await stack.as('carol@example.com');
});
afterAll(async () => {
  await stack?.stop();
  rmSync(folder, { recursive: true, force: true });
});

// biome-ignore lint/suspicious/noExplicitAny: answers are read by the assertions, as any HTTP client reads them.
type Json = any;

interface Ended {
  code: number | null;
  out: string;
  err: string;
}
/** The command as a person runs it, in a process of its own. */
function gatehouse(
  who: Person | undefined,
  words: string[],
  options: { input?: string; home?: string; gateway?: string } = {},
): Promise<Ended> {
  const env = {
    PATH: process.env.PATH ?? '',
    XDG_CONFIG_HOME: path.join(folder, options.home ?? who?.id ?? 'nobody'),
    GATEHOUSE_URL: options.gateway ?? stack.gateway,
    ...(who && { GATEHOUSE_TOKEN: who.accessToken }),
  };
  const child = spawn(process.execPath, [main, ...words], { env });
  const ended: Ended = { code: null, out: '', err: '' };
  child.stdout.on('data', (bytes) => (ended.out += bytes));
  child.stderr.on('data', (bytes) => (ended.err += bytes));
  child.stdin.end(options.input ?? '');
  return new Promise((resolve) => child.once('close', (code) => resolve({ ...ended, code })));
}
async function json(words: string[], input?: string): Promise<Json> {
  const { code, out, err } = await gatehouse(carol, [...words, '--json'], input === undefined ? {} : { input });
  expect(code, err).toBe(0);
  return JSON.parse(out);
}

/** Polls as Claude Code does: with the tag of what it has, keeping what it has on 304, ending on a refusal. */
function gatewayClient(person: Person) {
  let held: { etag: string; settings: Json } | undefined;
  return async (): Promise<Json> => {
    const response = await person.fetch('/managed/settings', {
      headers: { 'user-agent': 'claude-code/2.1.330', ...(held && { 'if-none-match': held.etag }) },
    });
    if (response.status === 304) return held?.settings;
    if (!response.ok) return response.status;
    const { settings } = (await response.json()) as Json;
    held = { etag: response.headers.get('etag') ?? '', settings };
    return settings;
  };
}
/** Runs its helper as Claude Code does: no words, and what it prints is what applies. */
async function helperClient(person: Person): Promise<Json> {
  const { code, out } = await gatehouse(person, ['policy-helper']);
  return code === 0 ? JSON.parse(out).managedSettings : `exit ${code}`;
}

const yaml = `
mode: first_match
base:
  tools: { bypass_disabled: true }
policies:
  - name: platform-admins
    match: { groups: [platform-admins] }
    administer: true
  - name: contractors
    match: { groups: [contractors] }
    models: { allow: [haiku] }
    tools: { deny: [Bash, PowerShell] }
  - name: engineering
    match: { groups: [engineering] }
    models: { allow: [opus] }
`;

describe('a policy for engineering, contractors and nobody else', () => {
  it('is simulated, diffed, published, obeyed by both kinds of clients at their next poll, explained and rolled back', async () => {
    const [alice, bob] = [await stack.as('alice@example.com'), await stack.as('bob@example.com')];
    const [polledByAlice, polledByBob] = [gatewayClient(alice), gatewayClient(bob)];
    expect((await polledByAlice()).availableModels).toBeUndefined();
    expect((await helperClient(alice)).availableModels).toBeUndefined();
    const { version } = await json(['policy', 'show']);

    const simulated = await json(['policy', 'simulate', '-'], yaml);
    expect(simulated).toMatchObject({ against: version, everyone: { refused: 0 }, replay: { days_read: 30, partial: null } });
    expect(simulated.everyone.classes.map(({ groups, loses }: Json) => [groups, loses])).toContainEqual([
      ['engineering'],
      expect.arrayContaining(['the model sonnet', 'the model haiku']),
    ]);
    const diff = await json(['policy', 'diff', '-'], yaml);
    expect(diff.document).toContain('policy "engineering" is changed');
    expect((await polledByAlice()).availableModels, 'nothing is published yet').toBeUndefined();

    const published = await json(['policy', 'publish', '-', '--reason', 'Opus for engineering'], yaml);
    expect(published).toMatchObject({ version: version + 1, unchanged: false });
    for (const settings of [await polledByAlice(), await helperClient(alice)])
      expect(settings).toMatchObject({ availableModels: ['opus'], enforceAvailableModels: true });
    for (const settings of [await polledByBob(), await helperClient(bob)])
      expect(settings).toMatchObject({ availableModels: ['haiku'], permissions: { deny: ['Bash', 'PowerShell'] } });
    await expect(stack.as('grace@example.com'), 'in no group that the policy names').rejects.toThrow('access_denied');

    const why = await json(['policy', 'explain', '--person', 'bob@example.com', '--model', 'claude-opus-4-8', '--tool', 'Bash']);
    expect(why).toMatchObject({ model: { decision: 'denied', policy: 'contractors' }, tool: { decision: 'denied', rule: 'Bash' } });

    const [latest] = (await json(['policy', 'versions'])).versions;
    expect(latest).toMatchObject({ version: version + 1, author: carol.id, reason: 'Opus for engineering' });
    expect(await json(['policy', 'rollback', String(version), '--reason', 'too dear'])).toMatchObject({ version: version + 2 });
    expect((await polledByAlice()).availableModels).toBeUndefined();
    expect((await helperClient(alice)).availableModels).toBeUndefined();
  });
});

describe('a simulation', () => {
  it('counts the calls and dollars of real telemetry that a draft would have refused', async () => {
    const alice = await stack.as('alice@example.com');
    const { now } = (await (await fetch(`${stack.aws}/_clock`)).json()) as { now: string };
    const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
    const count = (key: string, intValue: number) => ({ key, value: { intValue } });
    const attributes = [
      ...[text('event.name', 'api_request'), text('event.timestamp', now), text('session.id', 's-1'), count('event.sequence', 0)],
      ...[
        text('model', 'claude-opus-4-8'),
        text('anthropic.provider', 'gateway'),
        text('request_id', 'req_1'),
        text('query_source', 'sdk'),
      ],
      ...[count('input_tokens', 1_000), count('output_tokens', 2_000), count('cache_read_tokens', 0), count('cache_creation_tokens', 0)],
    ];
    const timeUnixNano = `${Date.parse(now)}000000`;
    const logRecords = [{ timeUnixNano, body: { stringValue: 'claude_code.api_request' }, attributes }];
    const scopeLogs = [{ scope: { name: 'com.anthropic.claude_code.events', version: '2.1.330' }, logRecords }];
    const sent = await alice.fetch('/v1/logs', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceLogs: [{ resource: { attributes: [text('service.name', 'claude-code')] }, scopeLogs }] }),
    });
    expect(sent.status).toBe(200);
    const draft = yaml.replace('allow: [opus]', 'allow: [haiku]');
    const { replay } = await stack.until(
      async () => {
        const body = await json(['policy', 'simulate', '-', '--days', '1'], draft);
        return body.replay.seen.requests > 0 ? body : undefined;
      },
      { what: 'the call in the ledger' },
    );
    const amount_micros = replay.seen.amount_micros;
    expect(amount_micros).toBeGreaterThan(0);
    expect(replay).toMatchObject({
      refused: [{ person: alice.id, model: 'claude-opus-4-8', route: 'gateway', because: 'model', requests: 1, amount_micros }],
      refused_in_all: { requests: 1, amount_micros },
    });
  });
});

describe('the command line', () => {
  it('writes for people, without colours into a pipe', async () => {
    const shown = await gatehouse(carol, ['policy', 'show']);
    expect(shown.out).toMatch(/^# version \d+, .*\nmode: first_match\n/);
    const simulated = await gatehouse(carol, ['policy', 'simulate', '-'], { input: yaml });
    expect(simulated.out).toMatch(/^Against version \d+: of \d+ people \d+ gain and \d+ lose; 0 would be refused/);
    expect(simulated.out).toMatch(/ {2}- the model sonnet/);
    expect(simulated.out).not.toContain('\u001b');
    const same = await gatehouse(carol, ['policy', 'publish', '-'], { input: shown.out });
    expect(same, 'what is shown may be published').toMatchObject({ code: 0, out: expect.stringContaining('in force already') });
  });

  it('imports what others configured, into a draft that can be published', async () => {
    const config =
      'managed:\n  policies:\n    - match: {groups: [contractors]}\n      cli: {availableModels: [haiku], permissions: {deny: [Bash]}, desktop: {}}\n';
    const imported = await gatehouse(carol, ['policy', 'import', '-'], { input: config });
    expect(imported).toMatchObject({
      code: 0,
      out: expect.stringMatching(/# left: policies\[0\]\.cli\.desktop[\s\S]*- name: contractors-1/),
    });
    expect((await json(['policy', 'diff', '-'], imported.out)).document).toContain('policy "contractors-1" is new');
    const variables = await json(['policy', 'import', '-'], 'DENY_TOOL_GROUP=contractors\nDENY_TOOLS=WebFetch\nAWS_REGION=x\n');
    expect(variables.left).toEqual([{ what: 'AWS_REGION', why: expect.any(String) }]);
  });

  it('ends with a number that says how, and a sentence', async () => {
    const bob = await stack.as('bob@example.com');
    const ended = async (...of: Parameters<typeof gatehouse>) => {
      const { code, err } = await gatehouse(...of);
      return [code, err];
    };
    expect(await ended(bob, ['policy', 'show'])).toEqual([1, expect.stringContaining('your policy does not allow this')]);
    expect(await ended(carol, ['policy', 'publish', '-'], { input: 'policies: [{name: x, match: {groups: [a]}, modles: {}}]' })).toEqual([
      1,
      expect.stringContaining('policies[0]: unknown key "modles"; did you mean "models"?'),
    ]);
    expect(await ended(carol, ['policy', 'publish', '-', '--if-version', '999'], { input: yaml })).toEqual([
      1,
      expect.stringMatching(/Version \d+ is in force now/),
    ]);
    expect(await ended(carol, ['policy', 'destroy'])).toEqual([2, expect.stringContaining('There are: policy show')]);
    expect(await ended(carol, ['policy', 'publish', '/nowhere/p.yaml'])).toEqual([2, expect.stringContaining('cannot be read')]);
    expect(await ended(carol, ['policy', 'show'], { gateway: 'http://gatehouse.example.com' })).toEqual([
      2,
      expect.stringContaining('write https'),
    ]);
    expect(await ended(undefined, ['policy', 'show'])).toEqual([3, expect.stringContaining('gatehouse login')]);
    expect(await ended(carol, ['policy', 'show'], { gateway: 'http://127.0.0.1:9' })).toEqual([
      4,
      expect.stringContaining('did not answer'),
    ]);
    expect(await ended(carol, ['--help'])).toEqual([0, '']);
  });

  it('signs in by the browser, keeps the session for this user alone, and ends it', async () => {
    const env = { PATH: process.env.PATH ?? '', XDG_CONFIG_HOME: path.join(folder, 'signed-in'), GATEHOUSE_URL: stack.gateway };
    const child = spawn(process.execPath, [main, 'login'], { env });
    let said = '';
    const address = await new Promise<string>((resolve) => {
      child.stderr.on('data', (bytes) => {
        said += bytes;
        const found = /Open (\S+)/.exec(said)?.[1];
        if (found && said.includes('confirm')) resolve(found);
      });
    });
    await confirmInBrowser(address, 'carol@example.com');
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    const file = path.join(folder, 'signed-in/gatehouse/session.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const versions = await gatehouse(undefined, ['policy', 'versions'], { home: 'signed-in' });
    expect(versions, versions.err).toMatchObject({ code: 0, out: expect.stringContaining('fresh-start') });
    expect(await gatehouse(undefined, ['logout'], { home: 'signed-in' })).toMatchObject({ code: 0 });
    expect(await gatehouse(undefined, ['policy', 'versions'], { home: 'signed-in' })).toMatchObject({ code: 3 });
  });
});

describe('a policyHelper', () => {
  it('prints the last good settings while the gateway is away, and nothing for somebody whom it refuses', async () => {
    const alice = await stack.as('alice@example.com');
    const home = 'laptop';
    const good = await gatehouse(alice, ['policy-helper'], { home });
    expect(good.code, good.err).toBe(0);
    expect(await gatehouse(alice, ['policy-helper'], { home }), 'again, by its tag').toMatchObject({ code: 0, out: good.out });
    const copy = path.join(folder, home, 'gatehouse/policy-helper.json');
    const elsewhere = 'http://127.0.0.1:9';
    expect(await gatehouse(alice, ['policy-helper'], { home, gateway: elsewhere }), 'a copy of another gateway').toMatchObject({
      code: 4,
      out: '',
    });
    writeFileSync(copy, readFileSync(copy, 'utf8').replace(stack.gateway, elsewhere));
    const away = await gatehouse(alice, ['policy-helper'], { home, gateway: elsewhere });
    expect(away).toMatchObject({ code: 0, out: good.out, err: expect.stringContaining('gave last') });
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const hanging = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    writeFileSync(copy, readFileSync(copy, 'utf8').replace(elsewhere, hanging));
    const began = performance.now();
    expect(await gatehouse(alice, ['policy-helper'], { home, gateway: hanging })).toMatchObject({ code: 0, out: good.out });
    expect(performance.now() - began, 'within the ten seconds that Claude Code waits').toBeLessThan(9_000);
    silent.closeAllConnections();
    silent.close();
    const refused = await gatehouse({ ...alice, accessToken: `${alice.accessToken}x` }, ['policy-helper'], { home });
    expect(refused).toMatchObject({ code: 3, out: '' });
  });
});

/** Follows the device page as a person would: its form, the identity provider, the confirmation. */
async function confirmInBrowser(address: string, login: string): Promise<void> {
  const jar = new Map<string, string>();
  const open = async (url: string, form?: URLSearchParams): Promise<{ html: string; location: string | undefined }> => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { cookie, ...(form && { origin: new URL(url).origin }) };
    const response = await fetch(url, { redirect: 'manual', headers, ...(form && { method: 'POST', body: form }) });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      jar.set(name, value);
    }
    return { html: await response.text(), location: response.headers.get('location') ?? undefined };
  };
  const userCode = /value="([A-Z]{4}-[A-Z]{4})"/.exec((await open(address)).html)?.[1] ?? '';
  const sent = await open(`${stack.gateway}/device`, new URLSearchParams({ user_code: userCode }));
  const back = await signInAtIdp(sent.location ?? expect.fail(sent.html), login, stack.gateway);
  const { html } = await open(back.href);
  const csrf = /name="csrf" value="([^"]+)"/.exec(html)?.[1] ?? expect.fail(html);
  await open(`${stack.gateway}/device`, new URLSearchParams({ csrf, decision: 'approve' }));
}
