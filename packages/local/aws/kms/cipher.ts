/** Encrypts under a symmetric KMS key. The blob names its key and is bound to the encryption context; its format is ours, not AWS's. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { AwsError } from '../service.ts';
import type { Key } from './key.ts';

export type EncryptionContext = Readonly<Record<string, string>>;

const format = 1;
const [idBytes, ivBytes, tagBytes] = [16, 12, 16];
const headBytes = 1 + idBytes + ivBytes + tagBytes;

export function encrypt(key: Key, plaintext: Buffer, context: EncryptionContext): Buffer {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(key.material, 'base64'), iv).setAAD(bound(context));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([Buffer.of(format), Buffer.from(key.id.replaceAll('-', ''), 'hex'), iv, cipher.getAuthTag(), body]);
}

/** The id of the key that made the blob. Throws InvalidCiphertextException for what no key made. */
export function keyIdOf(blob: Buffer): string {
  if (blob.length < headBytes || blob[0] !== format) throw invalid();
  const hex = blob.subarray(1, 1 + idBytes).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** Throws InvalidCiphertextException for a changed blob or another context. */
export function decrypt(key: Key, blob: Buffer, context: EncryptionContext): Buffer {
  const iv = blob.subarray(1 + idBytes, 1 + idBytes + ivBytes);
  const tag = blob.subarray(1 + idBytes + ivBytes, headBytes);
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key.material, 'base64'), iv).setAuthTag(tag).setAAD(bound(context));
  try {
    return Buffer.concat([decipher.update(blob.subarray(headBytes)), decipher.final()]);
  } catch {
    throw invalid();
  }
}

/** The context's pairs in one order, whatever order they were sent in. */
function bound(context: EncryptionContext): Buffer {
  return Buffer.from(JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** KMS says no more than the name. */
function invalid(): AwsError {
  return new AwsError('InvalidCiphertextException', '');
}
