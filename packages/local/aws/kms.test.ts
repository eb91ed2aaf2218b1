import { createPublicKey, verify } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateMacCommand,
  GetPublicKeyCommand,
  KMSClient,
  ListAliasesCommand,
  ListKeysCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  UpdateAliasCommand,
  VerifyCommand,
  VerifyMacCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClock } from '../clock.ts';
import { createKms } from './kms.ts';
import { listen, type TestEndpoint } from './test-endpoint.ts';

const clock = createClock();
let endpoint: TestEndpoint;
let kms: KMSClient;
const text = (value: string) => new TextEncoder().encode(value);
const signing: CreateKeyCommandInput = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' };
const mac: CreateKeyCommandInput = { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' };

async function newKey(input: CreateKeyCommandInput = {}): Promise<{ id: string; arn: string }> {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand(input));
  return { id: KeyMetadata?.KeyId ?? '', arn: KeyMetadata?.Arn ?? '' };
}

beforeAll(async () => {
  endpoint = await listen([createKms({ clock })], clock);
  kms = new KMSClient(endpoint.client);
});
afterAll(async () => {
  kms.destroy();
  await endpoint.close();
  clock.close();
});

describe('KMS', () => {
  it('signs with a P-256 key so that anybody can verify with the public key', async () => {
    const { id, arn } = await newKey(signing);
    const { Signature, KeyId } = await kms.send(
      new SignCommand({ KeyId: id, Message: text('evidence'), MessageType: 'RAW', SigningAlgorithm: 'ECDSA_SHA_256' }),
    );
    expect(KeyId).toBe(arn);
    const published = await kms.send(new GetPublicKeyCommand({ KeyId: id }));
    expect(published).toMatchObject({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY', SigningAlgorithms: ['ECDSA_SHA_256'] });
    const publicKey = createPublicKey({ key: Buffer.from(published.PublicKey ?? []), format: 'der', type: 'spki' });
    expect(verify('sha256', text('evidence'), publicKey, Signature ?? new Uint8Array())).toBe(true);
  });

  it('verifies its own signature and refuses a changed message by name', async () => {
    const { id } = await newKey(signing);
    const base = { KeyId: id, SigningAlgorithm: 'ECDSA_SHA_256' } as const;
    const { Signature } = await kms.send(new SignCommand({ ...base, Message: text('one') }));
    expect(await kms.send(new VerifyCommand({ ...base, Message: text('one'), Signature }))).toMatchObject({ SignatureValid: true });
    await expect(kms.send(new VerifyCommand({ ...base, Message: text('two'), Signature }))).rejects.toMatchObject({
      name: 'KMSInvalidSignatureException',
    });
  });

  it('signs at most 4096 bytes, no digest, and with the key spec’s algorithm only', async () => {
    const { id } = await newKey(signing);
    const base = { KeyId: id, SigningAlgorithm: 'ECDSA_SHA_256' } as const;
    await kms.send(new SignCommand({ ...base, Message: new Uint8Array(4096) }));
    await expect(kms.send(new SignCommand({ ...base, Message: new Uint8Array(4097) }))).rejects.toMatchObject({
      name: 'ValidationException',
      message:
        "1 validation error detected: Value at 'message' failed to satisfy constraint: Member must have length less than or equal to 4096",
    });
    await expect(kms.send(new SignCommand({ ...base, Message: new Uint8Array(32), MessageType: 'DIGEST' }))).rejects.toMatchObject({
      name: 'UnsupportedOperationException',
      message: expect.stringContaining('sign RAW'),
    });
    await expect(
      kms.send(new SignCommand({ KeyId: id, Message: text('x'), SigningAlgorithm: 'RSASSA_PSS_SHA_256' })),
    ).rejects.toMatchObject({ name: 'InvalidKeyUsageException' });
  });

  it('finds a key by id, ARN, alias and alias ARN, and names what it does not find', async () => {
    const { id, arn } = await newKey({ ...signing, Description: 'tokens' });
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/access/tokens', TargetKeyId: arn }));
    const aliasArn = 'arn:aws:kms:us-east-1:000000000000:alias/access/tokens';
    for (const KeyId of [id, arn, 'alias/access/tokens', aliasArn]) {
      const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
      expect(KeyMetadata).toMatchObject({ KeyId: id, Arn: arn, Description: 'tokens', KeyState: 'Enabled', Enabled: true });
      expect(KeyMetadata?.CreationDate).toBeInstanceOf(Date);
    }
    expect((await kms.send(new ListAliasesCommand({ KeyId: id }))).Aliases).toMatchObject([
      { AliasName: 'alias/access/tokens', AliasArn: aliasArn, TargetKeyId: id },
    ]);
    await expect(kms.send(new CreateAliasCommand({ AliasName: 'alias/access/tokens', TargetKeyId: id }))).rejects.toMatchObject({
      name: 'AlreadyExistsException',
    });
    await expect(kms.send(new DescribeKeyCommand({ KeyId: 'alias/none' }))).rejects.toMatchObject({
      name: 'NotFoundException',
      message: 'Alias arn:aws:kms:us-east-1:000000000000:alias/none is not found.',
    });
    await expect(kms.send(new DescribeKeyCommand({ KeyId: '11111111-2222-3333-4444-555555555555' }))).rejects.toMatchObject({
      name: 'NotFoundException',
    });
    const other = await newKey(signing);
    await kms.send(new UpdateAliasCommand({ AliasName: 'alias/access/tokens', TargetKeyId: other.id }));
    expect((await kms.send(new DescribeKeyCommand({ KeyId: aliasArn }))).KeyMetadata?.KeyId).toBe(other.id);
  });

  it('pages through its keys', async () => {
    const made = new Set([(await newKey()).id, (await newKey()).id, (await newKey()).id]);
    let marker: string | undefined;
    do {
      const answer = await kms.send(new ListKeysCommand({ Limit: 2, Marker: marker }));
      for (const key of answer.Keys ?? []) made.delete(key.KeyId ?? '');
      marker = answer.Truncated ? answer.NextMarker : undefined;
    } while (marker);
    expect(made.size).toBe(0);
  });

  it('decrypts only with the encryption context it encrypted with', async () => {
    const { id, arn } = await newKey();
    const EncryptionContext = { person: 'per_1', use: 'refresh' };
    const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId: id, Plaintext: text('secret'), EncryptionContext }));
    const reordered = { use: 'refresh', person: 'per_1' };
    const opened = await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: reordered }));
    expect([Buffer.from(opened.Plaintext ?? []).toString(), opened.KeyId]).toEqual(['secret', arn]);
    for (const context of [undefined, { ...EncryptionContext, person: 'per_2' }]) {
      await expect(kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: context }))).rejects.toMatchObject({
        name: 'InvalidCiphertextException',
      });
    }
    const bent = Uint8Array.from(CiphertextBlob ?? []);
    bent[bent.length - 1] = (bent.at(-1) ?? 0) ^ 1;
    await expect(kms.send(new DecryptCommand({ CiphertextBlob: bent, EncryptionContext }))).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
    });
    await expect(kms.send(new DecryptCommand({ CiphertextBlob: text('not a blob') }))).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
    });
    const other = await newKey();
    await expect(kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext, KeyId: other.id }))).rejects.toMatchObject({
      name: 'IncorrectKeyException',
    });
  });

  it('makes data keys that come back from their ciphertext', async () => {
    const { id } = await newKey();
    const { Plaintext, CiphertextBlob } = await kms.send(new GenerateDataKeyCommand({ KeyId: id, KeySpec: 'AES_256' }));
    expect(Plaintext).toHaveLength(32);
    expect((await kms.send(new DecryptCommand({ CiphertextBlob }))).Plaintext).toEqual(Plaintext);
    const sealed = await kms.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId: id, NumberOfBytes: 16 }));
    expect((await kms.send(new DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob }))).Plaintext).toHaveLength(16);
    await expect(kms.send(new GenerateDataKeyCommand({ KeyId: id }))).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('makes MACs and refuses a wrong one by name', async () => {
    const { id } = await newKey(mac);
    const base = { KeyId: id, MacAlgorithm: 'HMAC_SHA_256', Message: text('batch') } as const;
    const { Mac } = await kms.send(new GenerateMacCommand(base));
    expect(Mac).toHaveLength(32);
    expect(await kms.send(new VerifyMacCommand({ ...base, Mac }))).toMatchObject({ MacValid: true });
    await expect(kms.send(new VerifyMacCommand({ ...base, Message: text('other'), Mac }))).rejects.toMatchObject({
      name: 'KMSInvalidMacException',
    });
  });

  it('refuses a key for what it is not made for', async () => {
    const symmetric = await newKey();
    await expect(
      kms.send(new SignCommand({ KeyId: symmetric.id, Message: text('x'), SigningAlgorithm: 'ECDSA_SHA_256' })),
    ).rejects.toMatchObject({ name: 'InvalidKeyUsageException' });
    await expect(kms.send(new EncryptCommand({ KeyId: (await newKey(signing)).id, Plaintext: text('x') }))).rejects.toMatchObject({
      name: 'InvalidKeyUsageException',
    });
    await expect(newKey({ KeySpec: 'ECC_NIST_P256' })).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(newKey({ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' })).rejects.toMatchObject({ name: 'UnsupportedOperationException' });
  });

  it('does nothing with a disabled key until it is enabled again', async () => {
    const { id } = await newKey();
    await kms.send(new DisableKeyCommand({ KeyId: id }));
    await expect(kms.send(new EncryptCommand({ KeyId: id, Plaintext: text('x') }))).rejects.toMatchObject({ name: 'DisabledException' });
    await kms.send(new EnableKeyCommand({ KeyId: id }));
    await kms.send(new EncryptCommand({ KeyId: id, Plaintext: text('x') }));
  });

  it('deletes a key when its waiting time is over in stack time, and not when that was cancelled', async () => {
    const [dying, saved] = [await newKey(), await newKey()];
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/dying', TargetKeyId: dying.id }));
    for (const { id } of [dying, saved]) {
      const { DeletionDate } = await kms.send(new ScheduleKeyDeletionCommand({ KeyId: id, PendingWindowInDays: 7 }));
      expect((DeletionDate?.getTime() ?? 0) - clock.now()).toBeGreaterThan(6.9 * 86_400_000);
      await expect(kms.send(new EncryptCommand({ KeyId: id, Plaintext: text('x') }))).rejects.toMatchObject({
        name: 'KMSInvalidStateException',
      });
      await expect(kms.send(new EnableKeyCommand({ KeyId: id }))).rejects.toMatchObject({ name: 'KMSInvalidStateException' });
    }
    await kms.send(new CancelKeyDeletionCommand({ KeyId: saved.id }));
    expect((await kms.send(new DescribeKeyCommand({ KeyId: saved.id }))).KeyMetadata?.KeyState).toBe('Disabled');
    clock.advance(7 * 86_400 + 1);
    await expect(kms.send(new DescribeKeyCommand({ KeyId: dying.id }))).rejects.toMatchObject({ name: 'NotFoundException' });
    await expect(kms.send(new DescribeKeyCommand({ KeyId: 'alias/dying' }))).rejects.toMatchObject({ name: 'NotFoundException' });
    await kms.send(new DescribeKeyCommand({ KeyId: saved.id }));
  });

  it('keeps its keys in its file', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'gatehouse-kms-')), 'kms.json');
    const call = { caller: 'test', requestId: '' };
    const first = createKms({ clock, path }).operations;
    const made = (await first.CreateKey?.({ ...signing }, call)) as { KeyMetadata: { KeyId: string } };
    await first.CreateAlias?.({ AliasName: 'alias/kept', TargetKeyId: made.KeyMetadata.KeyId }, call);
    const request = { KeyId: 'alias/kept', Message: Buffer.from('x').toString('base64'), SigningAlgorithm: 'ECDSA_SHA_256' };
    const signed = (await first.Sign?.(request, call)) as { Signature: string };
    const second = createKms({ clock, path }).operations;
    expect(await second.Verify?.({ ...request, Signature: signed.Signature }, call)).toMatchObject({ SignatureValid: true });
  });
});
