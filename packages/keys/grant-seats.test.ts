import { person } from '@gatehouse/contracts/records/person';
import type { GrantOutput } from '@gatehouse/contracts/steps/grant';
import type { StepOutput } from '@gatehouse/contracts/steps/step';
import { createSecretsManager } from '@gatehouse/local/aws/secrets-manager';
import { installStackDate } from '@gatehouse/local/lambda/stack-date';
import { ask } from '@gatehouse/local/outside/ask';
import { createOutside, type Outside } from '@gatehouse/local/outside/create-outside';
import type { Context } from 'aws-lambda';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startAws, type TestAws } from '../../test/support/aws.ts';

let aws: TestAws;
let outside: Outside;
let real: () => void;
let grant: (id: string, more?: object) => Promise<GrantOutput>;
let withdraw: (id: string, more?: object) => Promise<StepOutput>;
const spec = { tier: 'standard' };

beforeAll(async () => {
  aws = await startAws((clock) => [createSecretsManager({ clock })]);
  real = installStackDate(() => aws.clock.now());
  const people = [{ email: 'bob@example.com', name: 'bob' }];
  const anthropic = { adminKey: 'admin-key' };
  outside = await createOutside({
    port: 0,
    clock: aws.clock,
    litellm: { masterKey: 'sk-unused' },
    coder: { token: 'unused' },
    anthropic,
    people,
  });
  const headers = { 'x-amz-target': 'secretsmanager.CreateSecret', 'content-type': 'application/x-amz-json-1.1' };
  const made = await fetch(aws.url, { method: 'POST', headers, body: JSON.stringify({ Name: 'admin-key', SecretString: 'admin-key' }) });
  const tables = { TABLE_KEYS: await aws.table('keys'), TABLE_PEOPLE: await aws.table('people') };
  Object.assign(process.env, tables, {
    SECRET_ANTHROPIC_ADMIN_KEY_ARN: ((await made.json()) as { ARN: string }).ARN,
    CONFIG: JSON.stringify({ anthropic: { url: `${outside.origin}/anthropic`, kind: 'console', requests_per_minute: 1_000 } }),
  });
  const { put } = await import('@gatehouse/runtime/table');
  for (const name of ['nina', 'bob', 'omar', 'pia', 'quinn']) {
    const row = { ...person.example, id: `per_${name}`, email: `${name}@example.com`, name };
    await put(tables.TABLE_PEOPLE, { ...person.key(row.id), ...row });
  }
  const steps = await import('./grant-seats.lambda.ts');
  const common = (id: string) => ({ case_id: 'cas_1', person: id, generation: 1, dry_run: false, reason: 'joined' });
  grant = (id, more = {}) => steps.grant({ ...common(id), wanted: [{ alias: 'seat', spec }], ...more }, {} as Context);
  withdraw = (id, more = {}) => steps.withdraw({ ...common(id), aliases: ['seat'], scope: 'all', ...more }, {} as Context);
});
afterAll(async () => {
  real();
  await outside.close();
  await aws.close();
});
afterEach(() => {
  outside.faults.clear();
  aws.clock.advance(120);
});

async function invites(name: string): Promise<number> {
  const headers = { 'x-api-key': 'admin-key', 'anthropic-version': '2023-06-01' };
  const { body } = await ask(
    `${outside.origin}/anthropic/v1/organizations`,
    'GET',
    `/invites?email=${name}@example.com`,
    undefined,
    headers,
  );
  return body.data.length;
}

function refuse(message: string, error_code?: string): void {
  const error = { type: 'invalid_request_error', message, ...(error_code && { details: { error_code } }) };
  outside.faults.add({ path: '/anthropic/v1/organizations/invites', method: 'POST', status: 400, body: { type: 'error', error } });
}

const stateOf = ({ outcome, given }: GrantOutput) => [outcome, given[0]?.state];

describe('a seat at Anthropic', () => {
  it('is one invite, however often it is asked for, and is taken back only by whom it is asked of', async () => {
    expect(stateOf(await grant('per_nina'))).toEqual(['done', 'given']);
    expect(stateOf(await grant('per_nina'))).toEqual(['done', 'given']);
    expect(await invites('nina')).toBe(1);
    expect((await withdraw('per_nina', { case_id: 'cas_2', scope: 'this_case' })).outcome).toBe('nothing_to_do');
    expect((await withdraw('per_nina', { case_id: 'cas_2' })).outcome).toBe('done');
    expect(await invites('nina')).toBe(0);
  });

  it('that somebody has is found, and is not ours to take', async () => {
    expect(stateOf(await grant('per_bob'))).toEqual(['nothing_to_do', 'found']);
    expect((await withdraw('per_bob')).outcome).toBe('nothing_to_do');
    expect(stateOf(await grant('per_bob'))).toEqual(['nothing_to_do', 'found']);
  });

  it('whose invite was made but not heard of is given once', async () => {
    outside.faults.add({ path: '/anthropic/v1/organizations/invites', method: 'POST', lose_answer: true, times: 1 });
    await expect(grant('per_omar')).rejects.toMatchObject({ name: 'Unavailable' });
    expect(stateOf(await grant('per_omar'))).toEqual(['done', 'given']);
    expect(await invites('omar')).toBe(1);
  });

  it.each([
    ['No seats are available on your plan', undefined, 'needs_human', /No seat is free/],
    ['The limit is reached', 'org_member_limit_exceeded', 'needs_human', /No seat is free/],
    ['Members are managed by your identity provider', undefined, 'delegated', /directory/],
    ['The domain is not allowed', undefined, 'needs_human', /does not invite them: The domain is not allowed/],
  ])('that Anthropic refuses (%s, %s) is %s', async (message, code, outcome, says) => {
    refuse(message, code);
    expect(await grant('per_pia')).toMatchObject({ outcome, given: [{ state: 'refused' }], message: expect.stringMatching(says) });
    outside.faults.clear();
    expect((await withdraw('per_pia')).outcome, 'nothing was given').toBe('nothing_to_do');
  });

  it('is not for somebody who has left and come back since', async () => {
    expect(await grant('per_quinn', { generation: 3 })).toMatchObject({ outcome: 'nothing_to_do', given: [{ state: 'refused' }] });
    expect(await invites('quinn')).toBe(0);
  });
});
