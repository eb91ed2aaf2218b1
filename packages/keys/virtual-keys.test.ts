import { person } from '@gatehouse/contracts/records/person';
import type { StepOutput } from '@gatehouse/contracts/steps/step';
import { createSecretsManager } from '@gatehouse/local/aws/secrets-manager';
import { installStackDate } from '@gatehouse/local/lambda/stack-date';
import { ask } from '@gatehouse/local/outside/ask';
import { createOutside, type Outside } from '@gatehouse/local/outside/create-outside';
import { seededKey } from '@gatehouse/local/outside/litellm/create-litellm';
import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startAws, type TestAws } from '../../test/support/aws.ts';

const masterKey = 'sk-master-of-the-proxy';
type Step = (id: string, more?: object) => Promise<StepOutput>;
let aws: TestAws;
let outside: Outside;
let secretArn: string;
let real: () => void;
let find: Step;
let block: Step;
let unblock: Step;
let purge: Step;
let probe: Step;

beforeAll(async () => {
  aws = await startAws((clock) => [createSecretsManager({ clock })]);
  real = installStackDate(() => aws.clock.now());
  const people = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'gus', 'hal'].map((name) => ({ email: `${name}@example.com`, name }));
  outside = await createOutside({ port: 0, clock: aws.clock, litellm: { masterKey }, coder: { token: 'unused' }, people });
  secretArn = (await secrets('CreateSecret', { Name: 'litellm-key', SecretString: masterKey })).ARN;
  const url = `${outside.origin}/litellm`;
  Object.assign(process.env, {
    TABLE_KEYS: await aws.table('keys'),
    TABLE_PEOPLE: await aws.table('people'),
    SECRET_LITELLM_KEY_ARN: secretArn,
    CONFIG: JSON.stringify({ litellm: { url, replicas: [`${url}/replicas/1`, `${url}/replicas/2`], cache_ttl_seconds: 60 } }),
  });
  const { put } = await import('@gatehouse/runtime/table');
  for (const { email, name } of people) {
    const row = { ...person.example, id: `per_${name}`, email, name, subjects: [{ issuer: 'https://idp', subject: `00u${name}` }] };
    await put(await aws.table('people'), { ...person.key(row.id), ...row });
  }
  const steps = await import('./virtual-keys.lambda.ts');
  const probing = await import('./probe-virtual-keys.lambda.ts');
  const of =
    (handler: typeof steps.find): Step =>
    (id, more = {}) =>
      handler({ case_id: `cas_${id}`, person: id, generation: 2, dry_run: false, reason: 'left', ...more }, {} as Context);
  [find, block, unblock, purge, probe] = [of(steps.find), of(steps.block), of(steps.unblock), of(steps.purge), of(probing.probe)];
});
afterAll(async () => {
  real();
  await outside.close();
  await aws.close();
});
beforeEach(() => outside.faults.clear());

async function secrets(operation: string, input: object): Promise<{ ARN: string }> {
  const headers = { 'x-amz-target': `secretsmanager.${operation}`, 'content-type': 'application/x-amz-json-1.1' };
  const answer = await fetch(aws.url, { method: 'POST', headers, body: JSON.stringify(input) });
  return (await answer.json()) as { ARN: string };
}

function litellm(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  return ask(`${outside.origin}/litellm`, method, path, body, { authorization: `Bearer ${masterKey}`, ...headers });
}

/** What the key itself meets on each replica. */
async function tried(key: string): Promise<number[]> {
  const headers = { authorization: `Bearer ${key}` };
  return Promise.all([1, 2].map(async (replica) => (await litellm('GET', `/replicas/${replica}/v1/models`, undefined, headers)).status));
}

/** As the machine does it: looks, waits for as long as it is told, and hands the watch back. */
async function watched(id: string, looks = 8): Promise<StepOutput> {
  let watch: StepOutput['watch'];
  for (let look = 1; ; look++) {
    const answer = await probe(id, { watch: watch ?? null });
    if (answer.outcome !== 'not_yet' || look === looks) return answer;
    watch = answer.watch;
    aws.clock.advance(answer.wait_seconds ?? expect.fail('it does not say how long to wait'));
  }
}

const after = ({ targets }: StepOutput) => targets.map((target) => target.after);

describe('LiteLLM keys of a leaver', () => {
  it('are found by owner, by maker and by address, over every page, and nobody else’s are', async () => {
    for (let number = 0; number < 105; number++) await litellm('POST', '/key/generate', { user_id: 'per_hal', key_alias: `hal-${number}` });
    await litellm('POST', '/key/generate', { team_id: 'team-1', key_alias: 'service' }, { 'litellm-changed-by': 'hal@example.com' });
    const found = await find('per_hal');
    expect(found).toMatchObject({ outcome: 'done', ref: 'keys CASE#cas_per_hal' });
    expect(found.message).toMatch(/^107 LiteLLM keys and 1 users found/);
    expect(found.targets).toHaveLength(50);
    expect((await find('per_bob')).message).toMatch(/^1 LiteLLM keys/);
  });

  it('are blocked, watched on every replica until their caches have passed, and only attested: we never held the secret', async () => {
    const key = seededKey('alice@example.com');
    expect(await tried(key)).toEqual([200, 200]);
    const blocked = await block('per_alice');
    expect(blocked).toMatchObject({ outcome: 'done', targets: [{ system: 'litellm', before: 'live', after: 'blocked' }] });
    const began = Date.now();
    const proof = await watched('per_alice', 3);
    expect(proof).toMatchObject({ outcome: 'done', targets: [{ after: 'blocked', grade: 'attested' }] });
    expect(Date.now() - began).toBeGreaterThanOrEqual(120_000);
    expect(await tried(key)).toEqual([401, 401]);
    expect(JSON.stringify([blocked, proof])).not.toContain(key);
  });

  it('are not blocked twice, and a block of others stays theirs when the person returns', async () => {
    const theirs = await litellm('POST', '/key/generate', { user_id: 'bob@example.com', key_alias: 'bob-2', metadata: { team: 'x' } });
    await litellm('POST', '/key/block', { key: theirs.body.token });
    expect((await block('per_bob')).targets.map(({ before }) => before).sort()).toEqual(['blocked by others', 'live']);
    expect((await block('per_bob')).targets.map(({ before }) => before).sort()).toEqual(['blocked', 'blocked by others']);
    expect(await unblock('per_bob')).toMatchObject({ outcome: 'done', targets: [{ before: 'blocked', after: 'live' }] });
    const info = await litellm('GET', `/key/info?key=${theirs.body.token}`);
    expect(info.body.info).toMatchObject({ blocked: true, metadata: { team: 'x' } });
    expect(await unblock('per_bob')).toMatchObject({ outcome: 'nothing_to_do' });
  });

  it('stay as they are in a dry run', async () => {
    expect(await block('per_carol', { dry_run: true })).toMatchObject({ outcome: 'done', targets: [{ after: 'live' }] });
    expect(await purge('per_carol', { dry_run: true })).toMatchObject({ outcome: 'done' });
    expect(await tried(seededKey('carol@example.com'))).toEqual([200, 200]);
  });

  it('are deleted before their user is, and are still watched when nothing lists them any more', async () => {
    await block('per_dave');
    expect(after(await purge('per_dave'))).toEqual(['deleted', 'deleted']);
    expect(await purge('per_dave')).toMatchObject({ outcome: 'nothing_to_do' });
    expect(await find('per_dave')).toMatchObject({ outcome: 'nothing_to_do' });
    expect(await watched('per_dave')).toMatchObject({ outcome: 'done', targets: [{ after: 'gone', grade: 'attested' }] });
  });

  it('that LiteLLM claims to have blocked and has not are found out, and a person is told', async () => {
    outside.faults.add({ path: '/litellm/key/block', status: 200, body: { blocked: true } });
    expect(after(await block('per_erin'))).toEqual(['blocked']);
    expect(await watched('per_erin')).toMatchObject({ outcome: 'needs_human', targets: [{ after: 'live' }] });
  });

  it('that LiteLLM claims to have deleted and has not are not called deleted', async () => {
    outside.faults.add({ path: '/litellm/key/delete', status: 200, body: { deleted_keys: [] } });
    await expect(purge('per_erin')).rejects.toMatchObject({ name: 'Unavailable' });
  });

  it('are not proven while one replica is away', async () => {
    await block('per_frank');
    outside.faults.add({ path: '/litellm/replicas/2', status: 503 });
    expect(await watched('per_frank')).toMatchObject({ outcome: 'not_yet', targets: [{ after: 'unknown' }] });
  });

  it('go on being blocked after a lost answer', async () => {
    outside.faults.add({ path: '/litellm/key/block', lose_answer: true, times: 1 });
    expect(after(await block('per_gus'))).toEqual(['blocked']);
    outside.faults.add({ path: '/litellm/key/update', lose_answer: true, times: 1 });
    expect(after(await unblock('per_gus'))).toEqual(['live']);
    expect(await tried(seededKey('gus@example.com'))).toEqual([200, 200]);
  });

  it('are an operator’s matter when the master key is refused, and the refusal names the secret', async () => {
    await secrets('PutSecretValue', { SecretId: secretArn, SecretString: 'sk-of-yesterday' });
    aws.clock.advance(600);
    await expect(block('per_carol')).rejects.toMatchObject({ name: 'Misconfigured', message: expect.stringContaining('litellm-key') });
    await secrets('PutSecretValue', { SecretId: secretArn, SecretString: masterKey });
    expect(after(await block('per_carol')), 'the new value is read at once').toEqual(['blocked']);
  });
});
