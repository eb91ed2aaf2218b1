import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  SecretsManagerClient,
  UpdateSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClock } from '../clock.ts';
import { createSecretsManager } from './secrets-manager.ts';
import { listen, type TestEndpoint } from './test-endpoint.ts';

const clock = createClock();
let endpoint: TestEndpoint;
let secrets: SecretsManagerClient;
let made = 0;

async function newSecret(SecretString = 'first'): Promise<{ name: string; arn: string; version: string }> {
  made += 1;
  const { Name, ARN, VersionId } = await secrets.send(new CreateSecretCommand({ Name: `keys/litellm-${made}`, SecretString }));
  return { name: Name ?? '', arn: ARN ?? '', version: VersionId ?? '' };
}
const secretString = async (SecretId: string, VersionStage?: string) =>
  (await secrets.send(new GetSecretValueCommand({ SecretId, VersionStage }))).SecretString;

beforeAll(async () => {
  endpoint = await listen([createSecretsManager({ clock })], clock);
  secrets = new SecretsManagerClient(endpoint.client);
});
afterAll(async () => {
  secrets.destroy();
  await endpoint.close();
  clock.close();
});

describe('Secrets Manager', () => {
  it('gives a secret by name, by ARN, and by the ARN without its suffix', async () => {
    const { name, arn, version } = await newSecret();
    expect(arn).toMatch(new RegExp(`^arn:aws:secretsmanager:us-east-1:000000000000:secret:${name}-[a-zA-Z0-9]{6}$`));
    for (const SecretId of [name, arn, arn.slice(0, -7)]) {
      const answer = await secrets.send(new GetSecretValueCommand({ SecretId }));
      expect(answer).toMatchObject({ Name: name, ARN: arn, VersionId: version, VersionStages: ['AWSCURRENT'], SecretString: 'first' });
      expect(answer.CreatedDate).toBeInstanceOf(Date);
    }
    await expect(secrets.send(new GetSecretValueCommand({ SecretId: 'none' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: "Secrets Manager can't find the specified secret.",
    });
    await expect(secrets.send(new CreateSecretCommand({ Name: name, SecretString: 'x' }))).rejects.toMatchObject({
      name: 'ResourceExistsException',
    });
  });

  it('keeps bytes as they are', async () => {
    const SecretBinary = Uint8Array.of(0, 255, 7);
    await secrets.send(new CreateSecretCommand({ Name: 'bytes', SecretBinary }));
    expect((await secrets.send(new GetSecretValueCommand({ SecretId: 'bytes' }))).SecretBinary).toEqual(SecretBinary);
  });

  it('has no value until one is put, and says which label is missing', async () => {
    await secrets.send(new CreateSecretCommand({ Name: 'empty' }));
    await expect(secrets.send(new GetSecretValueCommand({ SecretId: 'empty' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
    });
    await secrets.send(new PutSecretValueCommand({ SecretId: 'empty', SecretString: 'now' }));
    expect(await secretString('empty')).toBe('now');
  });

  it('moves AWSCURRENT to the new value and AWSPREVIOUS to the one before', async () => {
    const { name, version } = await newSecret('one');
    const put = await secrets.send(new PutSecretValueCommand({ SecretId: name, SecretString: 'two' }));
    expect(put.VersionStages).toEqual(['AWSCURRENT']);
    await secrets.send(new UpdateSecretCommand({ SecretId: name, SecretString: 'three', Description: 'said' }));
    expect([await secretString(name), await secretString(name, 'AWSPREVIOUS')]).toEqual(['three', 'two']);
    const described = await secrets.send(new DescribeSecretCommand({ SecretId: name }));
    expect(described.Description).toBe('said');
    expect(
      Object.values(described.VersionIdsToStages ?? {})
        .flat()
        .sort(),
    ).toEqual(['AWSCURRENT', 'AWSPREVIOUS']);
    expect((await secrets.send(new GetSecretValueCommand({ SecretId: name, VersionId: version }))).SecretString).toBe('one');
    const listed = await secrets.send(new ListSecretVersionIdsCommand({ SecretId: name, IncludeDeprecated: true }));
    expect(listed.Versions).toHaveLength(3);
  });

  it('rotates: a pending value becomes current only when its label is moved', async () => {
    const { name, version } = await newSecret('old');
    const put = await secrets.send(new PutSecretValueCommand({ SecretId: name, SecretString: 'new', VersionStages: ['AWSPENDING'] }));
    expect([await secretString(name), await secretString(name, 'AWSPENDING')]).toEqual(['old', 'new']);
    const move = { SecretId: name, VersionStage: 'AWSCURRENT', MoveToVersionId: put.VersionId };
    await expect(secrets.send(new UpdateSecretVersionStageCommand(move))).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: expect.stringContaining(version),
    });
    await secrets.send(new UpdateSecretVersionStageCommand({ ...move, RemoveFromVersionId: version }));
    const drop = { SecretId: name, VersionStage: 'AWSPENDING', RemoveFromVersionId: put.VersionId };
    await secrets.send(new UpdateSecretVersionStageCommand(drop));
    expect([await secretString(name), await secretString(name, 'AWSPREVIOUS')]).toEqual(['new', 'old']);
    await expect(secretString(name, 'AWSPENDING')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(
      secrets.send(new UpdateSecretVersionStageCommand({ SecretId: name, VersionStage: 'AWSCURRENT', RemoveFromVersionId: put.VersionId })),
    ).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });

  it('takes the same put twice, and refuses another value under a version that exists', async () => {
    const { name } = await newSecret();
    const put = { SecretId: name, SecretString: 'again', ClientRequestToken: '11111111-2222-3333-4444-555555555555' };
    const first = await secrets.send(new PutSecretValueCommand(put));
    expect((await secrets.send(new PutSecretValueCommand(put))).VersionId).toBe(first.VersionId);
    await expect(secrets.send(new PutSecretValueCommand({ ...put, SecretString: 'other' }))).rejects.toMatchObject({
      name: 'ResourceExistsException',
    });
    await expect(secrets.send(new PutSecretValueCommand({ SecretId: name }))).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });

  it('hides a deleted secret, restores it within its window, and forgets it afterwards', async () => {
    const { name } = await newSecret();
    await secrets.send(new DeleteSecretCommand({ SecretId: name, RecoveryWindowInDays: 7 }));
    await expect(secretString(name)).rejects.toMatchObject({ name: 'InvalidRequestException' });
    expect((await secrets.send(new DescribeSecretCommand({ SecretId: name }))).DeletedDate).toBeInstanceOf(Date);
    await expect(secrets.send(new CreateSecretCommand({ Name: name, SecretString: 'x' }))).rejects.toMatchObject({
      name: 'InvalidRequestException',
    });
    await secrets.send(new RestoreSecretCommand({ SecretId: name }));
    expect(await secretString(name)).toBe('first');
    await secrets.send(new DeleteSecretCommand({ SecretId: name, RecoveryWindowInDays: 7 }));
    clock.advance(7 * 86_400 + 1);
    await expect(secrets.send(new RestoreSecretCommand({ SecretId: name }))).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(secrets.send(new DeleteSecretCommand({ SecretId: name, RecoveryWindowInDays: 3 }))).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
    const { name: forced } = await newSecret();
    await secrets.send(new DeleteSecretCommand({ SecretId: forced, ForceDeleteWithoutRecovery: true }));
    await secrets.send(new CreateSecretCommand({ Name: forced, SecretString: 'made again' }));
    expect(await secretString(forced)).toBe('made again');
  });

  it('lists by prefix of the name, page by page', async () => {
    for (const last of ['a', 'b', 'c']) await secrets.send(new CreateSecretCommand({ Name: `listed/${last}`, SecretString: last }));
    const Filters = [{ Key: 'name' as const, Values: ['listed/'] }];
    const first = await secrets.send(new ListSecretsCommand({ Filters, MaxResults: 2 }));
    const second = await secrets.send(new ListSecretsCommand({ Filters, MaxResults: 2, NextToken: first.NextToken }));
    expect([...(first.SecretList ?? []), ...(second.SecretList ?? [])].map((each) => each.Name)).toEqual([
      'listed/a',
      'listed/b',
      'listed/c',
    ]);
    expect(second.NextToken).toBeUndefined();
    expect(Object.values(first.SecretList?.[0]?.SecretVersionsToStages ?? {})).toEqual([['AWSCURRENT']]);
  });

  it('keeps its secrets in its file', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'gatehouse-secrets-')), 'secrets.json');
    const call = { caller: 'test', requestId: '' };
    await createSecretsManager({ clock, path }).operations.CreateSecret?.({ Name: 'kept', SecretString: 'value' }, call);
    const again = createSecretsManager({ clock, path }).operations;
    expect(await again.GetSecretValue?.({ SecretId: 'kept' }, call)).toMatchObject({ SecretString: 'value' });
  });
});
