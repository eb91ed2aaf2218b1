/** A KMS key: its row, what it may do, and how KMS describes it. The material never leaves this process. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { AwsError, account, region } from '../service.ts';

export type Spec = 'ECC_NIST_P256' | 'SYMMETRIC_DEFAULT' | 'HMAC_256';
export type Usage = 'SIGN_VERIFY' | 'ENCRYPT_DECRYPT' | 'GENERATE_VERIFY_MAC';

export interface Key {
  id: string;
  spec: Spec;
  usage: Usage;
  description: string;
  /** Epoch seconds. */
  created: number;
  state: 'Enabled' | 'Disabled' | 'PendingDeletion';
  /** Epoch seconds; from then on the key does not exist. */
  deletion?: number;
  /** Base64: the private key as PKCS #8 DER, or the secret's bytes. */
  material: string;
  tags: readonly { TagKey: string; TagValue: string }[];
}

/** What a spec is for, and the name of the one algorithm that KMS offers for it. */
export const specs: Readonly<Record<Spec, { usage: Usage; algorithms: Readonly<Record<string, readonly string[]>> }>> = {
  ECC_NIST_P256: { usage: 'SIGN_VERIFY', algorithms: { SigningAlgorithms: ['ECDSA_SHA_256'] } },
  SYMMETRIC_DEFAULT: { usage: 'ENCRYPT_DECRYPT', algorithms: { EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'] } },
  HMAC_256: { usage: 'GENERATE_VERIFY_MAC', algorithms: { MacAlgorithms: ['HMAC_SHA_256'] } },
};

export function isSpec(spec: string): spec is Spec {
  return Object.hasOwn(specs, spec);
}

export function newMaterial(spec: Spec): string {
  if (spec !== 'ECC_NIST_P256') return randomBytes(32).toString('base64');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
}

export const keyArn = (id: string) => `arn:aws:kms:${region}:${account}:key/${id}`;
export const aliasArn = (name: string) => `arn:aws:kms:${region}:${account}:${name}`;

/** KeyMetadata as DescribeKey answers it. */
export function metadata(key: Key): Record<string, unknown> {
  return {
    AWSAccountId: account,
    KeyId: key.id,
    Arn: keyArn(key.id),
    CreationDate: key.created,
    Description: key.description,
    Enabled: key.state === 'Enabled',
    KeyState: key.state,
    ...(key.deletion !== undefined && { DeletionDate: key.deletion }),
    KeyUsage: key.usage,
    KeySpec: key.spec,
    CustomerMasterKeySpec: key.spec,
    KeyManager: 'CUSTOMER',
    Origin: 'AWS_KMS',
    MultiRegion: false,
    ...specs[key.spec].algorithms,
  };
}

/** Throws what KMS throws when the key cannot do this now, or ever. */
export function mustServe(key: Key, usage: Usage, operation: string): void {
  if (key.state === 'Disabled') throw new AwsError('DisabledException', `${keyArn(key.id)} is disabled.`);
  mustNotBeDying(key);
  if (key.usage !== usage)
    throw new AwsError('InvalidKeyUsageException', `${keyArn(key.id)} key usage is ${key.usage} which is not valid for ${operation}.`);
}

export function mustNotBeDying(key: Key): void {
  if (key.state === 'PendingDeletion') throw new AwsError('KMSInvalidStateException', `${keyArn(key.id)} is pending deletion.`);
}
