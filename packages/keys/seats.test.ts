import { person } from '@gatehouse/contracts/records/person';
import type { StepOutput } from '@gatehouse/contracts/steps/step';
import { createSecretsManager } from '@gatehouse/local/aws/secrets-manager';
import { installStackDate } from '@gatehouse/local/lambda/stack-date';
import { ask } from '@gatehouse/local/outside/ask';
import { createOutside, type Outside } from '@gatehouse/local/outside/create-outside';
import type { Context } from 'aws-lambda';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startAws, type TestAws } from '../../test/support/aws.ts';

type Step = (id: string, more?: object) => Promise<StepOutput>;
let aws: TestAws;
let outside: Outside;
let real: () => void;
let steps: Record<'find' | 'block' | 'unblock' | 'purge' | 'probe', Step>;
const people = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank'].map((name) => ({ email: `${name}@example.com`, name }));

beforeAll(async () => {
  aws = await startAws((clock) => [createSecretsManager({ clock })]);
  real = installStackDate(() => aws.clock.now());
  const common = { port: 0, clock: aws.clock, litellm: { masterKey: 'sk-unused' }, coder: { token: 'unused' }, people };
  outside = await createOutside({ ...common, anthropic: { adminKey: 'admin-key', rateMultiplier: 1 } });
  const SECRET_ANTHROPIC_ADMIN_KEY_ARN = (await secrets('CreateSecret', { Name: 'admin-key', SecretString: 'admin-key' })).ARN;
  const tables = { TABLE_KEYS: await aws.table('keys'), TABLE_PEOPLE: await aws.table('people') };
  Object.assign(process.env, tables, {
    SECRET_ANTHROPIC_ADMIN_KEY_ARN,
    CONFIG: JSON.stringify({ anthropic: { url: `${outside.origin}/anthropic`, kind: 'console', requests_per_minute: 1_000 } }),
  });
  const { put } = await import('@gatehouse/runtime/table');
  for (const { email, name } of [
    ...people,
    { email: 'console-admin@example.com', name: 'root' },
    { email: 'nobody@example.com', name: 'nobody' },
  ]) {
    const row = { ...person.example, id: `per_${name}`, email, name };
    await put(tables.TABLE_PEOPLE, { ...person.key(row.id), ...row });
  }
  const { find, block, unblock, purge } = await import('./seats.lambda.ts');
  const { probe } = await import('./probe-seats.lambda.ts');
  const of =
    (handler: typeof find): Step =>
    (id, more = {}) =>
      handler({ case_id: `cas_${id}`, person: id, generation: 2, dry_run: false, reason: 'left', ...more }, {} as Context);
  steps = { find: of(find), block: of(block), unblock: of(unblock), purge: of(purge), probe: of(probe) };
});
afterAll(async () => {
  real();
  await outside.close();
  await aws.close();
});
afterEach(() => {
  outside.faults.clear();
  // A minute in which nobody called: each test has the whole allowance.
  aws.clock.advance(120);
});

async function secrets(operation: string, input: object): Promise<{ ARN: string }> {
  const headers = { 'x-amz-target': `secretsmanager.${operation}`, 'content-type': 'application/x-amz-json-1.1' };
  const answer = await fetch(aws.url, { method: 'POST', headers, body: JSON.stringify(input) });
  return (await answer.json()) as { ARN: string };
}

function admin(method: string, path: string, body?: unknown) {
  const headers = { 'x-api-key': 'admin-key', 'anthropic-version': '2023-06-01' };
  return ask(`${outside.origin}/anthropic/v1/organizations`, method, path, body, headers);
}

async function keysOf(email: string): Promise<string[]> {
  const { data } = (await admin('GET', '/api_keys?limit=100')).body;
  return data.filter(({ name }: { name: string }) => name.includes(email)).map(({ status }: { status: string }) => status);
}

async function watched(id: string): Promise<StepOutput> {
  let seen = await steps.probe(id, { watch: null });
  expect(seen.outcome).toBe('not_yet');
  for (let look = 2; look <= 4 && seen.outcome === 'not_yet'; look++) {
    aws.clock.advance(seen.wait_seconds ?? 0);
    seen = await steps.probe(id, { watch: seen.watch });
  }
  return seen;
}

describe('a seat at Anthropic', () => {
  it('is found with its keys, and a dry run changes nothing', async () => {
    const found = await steps.find('per_alice');
    expect(found.targets.map(({ kind, before }) => [kind, before])).toEqual([
      ['seat', 'claude_code_user'],
      ['api-key', 'active'],
      ['api-key', 'active'],
    ]);
    await steps.block('per_alice', { dry_run: true });
    expect((await steps.find('per_alice')).targets).toMatchObject(found.targets.map(({ id_hash, after }) => ({ id_hash, after })));
  });

  it('is taken, and the key that would outlive its maker is switched off first; two looks attest it', async () => {
    const blocked = await steps.block('per_alice');
    expect(blocked).toMatchObject({ outcome: 'done', message: expect.stringMatching(/1 seats, 0 invites and 2 API keys/) });
    const { body } = await admin('GET', '/api_keys?limit=100');
    const status = (name: string) => body.data.find((key: { name: string }) => key.name === name).status;
    expect([status('ci-pipeline'), status('claude_code_key_alice@example.com')]).toEqual(['inactive', 'archived']);
    const proven = await watched('per_alice');
    expect(proven.outcome).toBe('done');
    expect(proven.targets.every(({ grade }) => grade === 'attested')).toBe(true);
    expect(JSON.stringify([blocked, proven])).not.toMatch(/user_01|apikey_01|alice@/);
    expect(await steps.probe('per_alice', { proven }), 'while another probe waits').toEqual(proven);
    expect(await steps.block('per_alice'), 'a second run').toMatchObject({ outcome: 'done' });
  });

  it('that was taken comes back as an invite, and the keys work again; nothing else does', async () => {
    expect((await steps.unblock('per_alice')).outcome).toBe('done');
    expect((await admin('GET', '/invites?email=alice@example.com')).body.data).toMatchObject([
      { status: 'pending', role: 'claude_code_user' },
    ]);
    expect(await keysOf('ci-pipeline')).toEqual(['active']);
    expect((await steps.unblock('per_alice')).outcome).toBe('nothing_to_do');
    expect((await steps.unblock('per_bob')).outcome, 'of somebody from whom nothing was taken').toBe('nothing_to_do');
  });

  it('is ended for good by the purge: keys archived, the invite withdrawn', async () => {
    await steps.block('per_alice');
    expect((await steps.purge('per_alice')).outcome).toBe('done');
    expect(await keysOf('ci-pipeline')).toEqual(['archived']);
    expect((await steps.find('per_alice')).targets.map(({ after }) => after)).not.toContain('pending');
  });

  it('of an admin is a matter for a person', async () => {
    expect(await steps.block('per_root')).toMatchObject({ outcome: 'needs_human', message: expect.stringMatching(/by hand/) });
    expect(await steps.probe('per_root', { watch: null })).toMatchObject({ outcome: 'needs_human' });
  });

  it('is booked a turn at when the organization is asked enough, and is looked at when that has come', async () => {
    const wait = async () => {
      for (let visit = 0; ; visit++) {
        const { wait_seconds: seconds = 0 } = await steps.block('per_nobody', { case_id: `cas_${visit}` });
        if (seconds > 2) return { case_id: `cas_${visit}`, seconds };
      }
    };
    const { case_id, seconds } = await wait();
    expect(await steps.block('per_nobody', { case_id })).toMatchObject({ outcome: 'not_yet', wait_seconds: expect.closeTo(seconds, -1) });
    aws.clock.advance(seconds);
    expect((await steps.block('per_nobody', { case_id })).outcome).toBe('nothing_to_do');
  });

  it('of nobody is nothing to do', async () => {
    for (const step of [steps.find, steps.block, steps.purge, steps.probe])
      expect((await step('per_nobody')).outcome).toBe('nothing_to_do');
  });

  it('whose removal was done but not heard of is found gone', async () => {
    outside.faults.add({ path: '/anthropic/v1/organizations/users', method: 'DELETE', lose_answer: true, times: 1 });
    await expect(steps.block('per_carol')).rejects.toMatchObject({ name: 'Unavailable' });
    expect((await steps.block('per_carol')).outcome).toBe('done');
    expect((await watched('per_carol')).targets.map(({ kind }) => kind)).toContain('seat');
  });
});

describe('a seat that a directory gives', () => {
  it('is left to it, watched, and proven once the directory has taken it', async () => {
    const users = '/anthropic/v1/organizations/users';
    const body = { type: 'error', error: { type: 'invalid_request_error', message: 'Members are managed by your identity provider' } };
    const fault = { path: users, method: 'DELETE', status: 400, body, times: 1 };
    outside.faults.add(fault);
    expect((await steps.block('per_erin')).outcome).toBe('delegated');
    const waiting = await steps.probe('per_erin', { watch: null });
    expect(waiting).toMatchObject({ outcome: 'not_yet', message: expect.stringMatching(/still a member/) });
    const [erin] = (await admin('GET', '/users?email=erin@example.com')).body.data;
    await admin('DELETE', `/users/${erin.id}`);
    expect((await watched('per_erin')).outcome).toBe('done');
  });
});
