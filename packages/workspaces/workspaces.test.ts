import { person } from '@gatehouse/contracts/records/person';
import type { StepOutput } from '@gatehouse/contracts/steps/step';
import { createSecretsManager } from '@gatehouse/local/aws/secrets-manager';
import { installStackDate } from '@gatehouse/local/lambda/stack-date';
import { ask } from '@gatehouse/local/outside/ask';
import { seededAgentToken, seededSessionToken, seededWorkspaceId } from '@gatehouse/local/outside/coder/create-coder';
import { createOutside, type Outside } from '@gatehouse/local/outside/create-outside';
import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startAws, type TestAws } from '../../test/support/aws.ts';

const service = 'coder-service-token';
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
  const names = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'gus', 'hal', 'ida', 'alice.smith'];
  const people = names.map((name) => ({ email: `${name}@example.com`, name }));
  outside = await createOutside({ port: 0, clock: aws.clock, litellm: { masterKey: 'unused' }, coder: { token: service }, people });
  secretArn = (await secrets('CreateSecret', { Name: 'coder-token', SecretString: service })).ARN;
  Object.assign(process.env, {
    TABLE_WORKSPACES: await aws.table('workspaces'),
    TABLE_PEOPLE: await aws.table('people'),
    SECRET_CODER_TOKEN_ARN: secretArn,
    CONFIG: JSON.stringify({ coder: { url: `${outside.origin}/coder`, requests_per_minute: 10_000 } }),
  });
  const { put } = await import('@gatehouse/runtime/table');
  const strangers = [
    { email: 'nobody@example.com', name: 'nobody' },
    { email: 'coder-owner@example.com', name: 'owner' },
  ];
  for (const { email, name } of [...people, ...strangers]) {
    const row = { ...person.example, id: `per_${name}`, email, name };
    await put(await aws.table('people'), { ...person.key(row.id), ...row });
  }
  const steps = await import('./workspaces.lambda.ts');
  const probing = await import('./probe-workspaces.lambda.ts');
  const purging = await import('./purge-workspaces.lambda.ts');
  const of =
    (handler: typeof steps.find): Step =>
    (id, more = {}) =>
      repeated(
        (id, input) =>
          handler({ case_id: `cas_${id}`, person: id, generation: 2, dry_run: false, reason: 'left', ...input }, {} as Context),
        id,
        more,
      );
  [find, block, unblock, purge, probe] = [of(steps.find), of(steps.block), of(steps.unblock), of(purging.purge), of(probing.probe)];
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

function coder(method: string, path: string, body?: unknown, token = service) {
  return ask(`${outside.origin}/coder`, method, `/api/v2${path}`, body, { 'coder-session-token': token });
}

/** What the person, the agent inside the workspace and a path past Coder still meet. */
async function tried(name: string): Promise<{ person: number; agent: number; task: number }> {
  const email = `${name}@example.com`;
  return {
    person: (await coder('GET', '/users/me', undefined, seededSessionToken(email))).status,
    agent: (await coder('GET', '/workspaceagents/me/manifest', undefined, seededAgentToken(email))).status,
    task: (await ask(outside.origin, 'GET', `/coder/workloads/${seededWorkspaceId(email)}`)).status,
  };
}

/** As the machine does it: looks, waits, and hands the watch back, until the answer is another than `not_yet`. */
async function repeated(step: Step, id: string, more: object): Promise<StepOutput> {
  let watch: StepOutput['watch'];
  for (let look = 1; ; look++) {
    const answer = await step(id, { ...more, watch: watch ?? null });
    if (answer.outcome !== 'not_yet' || look === 6) return answer;
    watch = answer.watch;
    aws.clock.advance(answer.wait_seconds ?? 10);
  }
}

const after = ({ targets }: StepOutput) => targets.map((target) => target.after);

describe('Coder workspaces of a leaver', () => {
  it('are found with the account, by the whole address, in any number', async () => {
    expect(await find('per_alice')).toMatchObject({
      outcome: 'done',
      targets: [
        { system: 'coder', kind: 'account', before: 'active' },
        { kind: 'workspace', before: 'start succeeded, agent connected' },
      ],
    });
    expect(await find('per_nobody')).toMatchObject({ outcome: 'nothing_to_do', targets: [] });
  });

  it('are stopped, not only their owner suspended, and shown to be down by the data plane', async () => {
    expect(await tried('alice')).toEqual({ person: 200, agent: 200, task: 200 });
    const cut = await block('per_alice');
    expect(cut.outcome).toBe('done');
    expect(
      cut.targets.map(({ before }) => before),
      'as they were found at first',
    ).toEqual(['active', 'start succeeded, agent connected']);
    expect(after(cut)).toEqual(['suspended', 'stop succeeded']);
    expect(await tried('alice')).toEqual({ person: 401, agent: 401, task: 503 });
    expect(await tried('alice.smith')).toEqual({ person: 200, agent: 200, task: 200 });
    const proof = await probe('per_alice');
    expect(proof).toMatchObject({ outcome: 'done', targets: [{ grade: 'attested' }, { grade: 'observed' }] });
    expect(JSON.stringify([cut, proof])).not.toMatch(/alice|coder-service-token/);
    expect(after(await block('per_alice'))).toEqual(['suspended', 'stop succeeded']);
  });

  it('are not proven by a suspension alone', async () => {
    await coder('PUT', '/users/bob/status/suspend');
    const proof = await probe('per_bob');
    expect(proof).toMatchObject({ outcome: 'not_yet' });
    expect(proof.targets.every(({ grade }) => grade === undefined)).toBe(true);
  });

  it('come back only when it was Gatehouse that suspended the account', async () => {
    await block('per_carol');
    expect(await unblock('per_carol')).toMatchObject({ outcome: 'done', targets: [{ before: 'suspended', after: 'active' }] });
    expect((await tried('carol')).person).toBe(200);
    await coder('PUT', '/users/carol/status/suspend');
    await block('per_carol');
    expect(await unblock('per_carol')).toMatchObject({ outcome: 'nothing_to_do' });
    expect((await tried('carol')).person).toBe(401);
  });

  it('wait for a build that is under way', async () => {
    const id = seededWorkspaceId('dave@example.com');
    await coder('POST', `/workspaces/${id}/builds`, { transition: 'stop' });
    aws.clock.advance(10);
    await coder('POST', `/workspaces/${id}/builds`, { transition: 'start' });
    expect(after(await block('per_dave'))).toEqual(['suspended', 'stop succeeded']);
  });

  it('are stopped again when a stop failed, and left to a person when it failed twice', async () => {
    const path = `/coder/api/v2/workspaces/${seededWorkspaceId('erin@example.com')}/builds`;
    outside.faults.add({ path, method: 'POST', effect: 'build-fails', times: 1 });
    expect(after(await block('per_erin'))).toEqual(['suspended', 'stop succeeded']);
    const other = `/coder/api/v2/workspaces/${seededWorkspaceId('frank@example.com')}/builds`;
    outside.faults.add({ path: other, method: 'POST', effect: 'build-fails' });
    const cut = await block('per_frank');
    expect(cut).toMatchObject({ outcome: 'needs_human', message: expect.stringMatching(/failed twice/) });
    expect(await probe('per_frank')).toMatchObject({ outcome: 'needs_human' });
  });

  it('are left to a person when no provisioner takes the build', async () => {
    const path = `/coder/api/v2/workspaces/${seededWorkspaceId('gus@example.com')}/builds`;
    outside.faults.add({ path, method: 'POST', effect: 'build-never-starts' });
    expect(await block('per_gus')).toMatchObject({ outcome: 'needs_human', message: expect.stringMatching(/No provisioner/) });
  });

  it('are stopped though the answer to the order was lost', async () => {
    outside.faults.add({ path: '/coder/api/v2/workspaces', method: 'POST', lose_answer: true, times: 1 });
    await expect(block('per_hal')).rejects.toMatchObject({ name: 'Unavailable' });
    expect(after(await block('per_hal'))).toEqual(['suspended', 'stop succeeded']);
  });

  it('are torn down before the account is deleted, once, and never orphaned', async () => {
    expect(after(await purge('per_hal'))).toEqual(['deleted', 'deleted']);
    expect(await tried('hal')).toEqual({ person: 401, agent: 401, task: 503 });
    expect(await purge('per_hal')).toMatchObject({ outcome: 'nothing_to_do' });
    expect(await probe('per_hal')).toMatchObject({ outcome: 'nothing_to_do' });
  });

  it('stay as they are in a dry run', async () => {
    expect(await block('per_ida', { dry_run: true })).toMatchObject({ outcome: 'done' });
    expect(await purge('per_ida', { dry_run: true })).toMatchObject({ outcome: 'done' });
    expect(await tried('ida')).toEqual({ person: 200, agent: 200, task: 200 });
  });

  it('are an operator’s matter when the token is refused, and the refusal names the secret', async () => {
    await secrets('PutSecretValue', { SecretId: secretArn, SecretString: 'of-yesterday' });
    aws.clock.advance(600);
    await expect(block('per_ida')).rejects.toMatchObject({ name: 'Misconfigured', message: expect.stringContaining('coder-token') });
    await secrets('PutSecretValue', { SecretId: secretArn, SecretString: service });
    expect(after(await block('per_ida'))).toEqual(['suspended', 'stop succeeded']);
  });
});
