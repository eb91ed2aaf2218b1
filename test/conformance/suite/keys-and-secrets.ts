/** What is asked of any KMS and Secrets Manager. A key of a real account is deleted seven days after. */
import { createPublicKey, verify } from 'node:crypto';
import {
  CreateAliasCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DecryptCommand,
  DeleteAliasCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetPublicKeyCommand,
  KMSClient,
  KMSInvalidSignatureException,
  ScheduleKeyDeletionCommand,
  SignCommand,
  VerifyCommand,
} from '@aws-sdk/client-kms';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Target } from './target.ts';

export function describeKms(target: () => Target): void {
  describe('KMS', () => {
    let client: KMSClient;
    const made: string[] = [];
    async function create(input: CreateKeyCommandInput): Promise<string> {
      const { KeyMetadata } = await client.send(new CreateKeyCommand(input));
      made.push(KeyMetadata?.KeyId ?? '');
      return KeyMetadata?.KeyId ?? '';
    }
    beforeAll(() => {
      client = new KMSClient(target().client);
    });
    afterAll(async () => {
      for (const KeyId of made) await client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    });

    it('signs what anybody can verify with the public key, by alias', async () => {
      const TargetKeyId = await create({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
      const AliasName = `alias/${target().name('signing')}`;
      await client.send(new CreateAliasCommand({ AliasName, TargetKeyId }));
      try {
        const Message = Buffer.from('a message');
        const SigningAlgorithm = 'ECDSA_SHA_256';
        const { Signature = new Uint8Array() } = await client.send(new SignCommand({ KeyId: AliasName, Message, SigningAlgorithm }));
        const { PublicKey = new Uint8Array() } = await client.send(new GetPublicKeyCommand({ KeyId: AliasName }));
        const key = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
        expect(verify('sha256', Message, key, Signature)).toBe(true);
        const asked = { KeyId: AliasName, Message, Signature, SigningAlgorithm } as const;
        expect((await client.send(new VerifyCommand(asked))).SignatureValid).toBe(true);
        await expect(client.send(new VerifyCommand({ ...asked, Message: Buffer.from('b') }))).rejects.toBeInstanceOf(
          KMSInvalidSignatureException,
        );
      } finally {
        await client.send(new DeleteAliasCommand({ AliasName }));
      }
    });

    it('encrypts, decrypts with the same context only, and makes data keys', async () => {
      const KeyId = await create({});
      const EncryptionContext = { person: 'a' };
      const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('secret'), EncryptionContext }));
      const { Plaintext = new Uint8Array() } = await client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
      expect(Buffer.from(Plaintext).toString()).toBe('secret');
      await expect(client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: { person: 'b' } }))).rejects.toMatchObject({
        name: 'InvalidCiphertextException',
      });
      const data = await client.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }));
      const opened = await client.send(new DecryptCommand({ CiphertextBlob: data.CiphertextBlob }));
      expect([data.Plaintext?.length, Buffer.from(opened.Plaintext ?? []).equals(Buffer.from(data.Plaintext ?? []))]).toEqual([32, true]);
    });
  });
}

export function describeSecrets(target: () => Target): void {
  describe('Secrets Manager', () => {
    it('keeps a secret with its versions, and deletes it', async () => {
      const client = new SecretsManagerClient(target().client);
      const Name = target().name('secret');
      const { ARN } = await client.send(new CreateSecretCommand({ Name, SecretString: 'first' }));
      try {
        await expect(client.send(new CreateSecretCommand({ Name, SecretString: 'x' }))).rejects.toBeInstanceOf(ResourceExistsException);
        await client.send(new PutSecretValueCommand({ SecretId: Name, SecretString: 'second' }));
        expect((await client.send(new GetSecretValueCommand({ SecretId: ARN }))).SecretString).toBe('second');
        const before = await client.send(new GetSecretValueCommand({ SecretId: Name, VersionStage: 'AWSPREVIOUS' }));
        expect(before.SecretString).toBe('first');
        const { VersionIdsToStages } = await client.send(new DescribeSecretCommand({ SecretId: Name }));
        expect(
          Object.values(VersionIdsToStages ?? {})
            .flat()
            .sort(),
        ).toEqual(['AWSCURRENT', 'AWSPREVIOUS']);
      } finally {
        await client.send(new DeleteSecretCommand({ SecretId: Name, ForceDeleteWithoutRecovery: true }));
      }
      const gone = await target().until(
        () =>
          client.send(new GetSecretValueCommand({ SecretId: Name })).then(
            () => undefined,
            (error: Error) => error.name,
          ),
        'the end of the secret',
      );
      expect(gone).toBe('ResourceNotFoundException');
    });
  });
}
