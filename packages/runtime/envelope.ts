/**
 * A secret at rest: AES-256-GCM under a data key of its own, which only KMS can open, and only for the context that it was made for (AWS KMS, "Data keys",
 * "Encryption context"). The data key in the clear never leaves the call.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import * as z from 'zod';
import { awsJson, isThrottle } from './aws-call.ts';
import { Misconfigured, Throttled, Unavailable } from './fault.ts';

/** All of it may lie in a table: base64. */
export const Envelope = z.strictObject({ data_key: z.string(), iv: z.string(), tag: z.string(), text: z.string() });
export type Envelope = z.infer<typeof Envelope>;

export type Context = Readonly<Record<string, string>>;

/** @param keyArn of a symmetric KMS key. @param context whom the secret is for; opening it takes the same. */
export async function sealed(keyArn: string, secret: string, context: Context): Promise<Envelope> {
  const wish = { KeyId: keyArn, KeySpec: 'AES_256', EncryptionContext: context };
  const { Plaintext, CiphertextBlob } = await kms<{ Plaintext?: string; CiphertextBlob?: string }>('GenerateDataKey', wish);
  if (!Plaintext || !CiphertextBlob) throw new Unavailable('KMS answered without a data key');
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(Plaintext, 'base64'), iv);
  const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  return {
    data_key: CiphertextBlob,
    iv: iv.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
    text: text.toString('base64'),
  };
}

export async function opened(keyArn: string, { data_key, iv, tag, text }: Envelope, context: Context): Promise<string> {
  const wish = { KeyId: keyArn, CiphertextBlob: data_key, EncryptionContext: context };
  const { Plaintext } = await kms<{ Plaintext?: string }>('Decrypt', wish);
  if (!Plaintext) throw new Unavailable('KMS answered without a data key');
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(Plaintext, 'base64'), Buffer.from(iv, 'base64'));
  decipher.setAuthTag(Buffer.from(tag, 'base64'));
  return Buffer.concat([decipher.update(Buffer.from(text, 'base64')), decipher.final()]).toString('utf8');
}

const refusals = [
  'AccessDeniedException',
  'NotFoundException',
  'DisabledException',
  'KMSInvalidStateException',
  'InvalidCiphertextException',
];

function kms<Output>(operation: 'GenerateDataKey' | 'Decrypt', wish: object): Promise<Output> {
  return awsJson<Output>('kms', operation, wish).catch((error: Error) => {
    if (isThrottle(error)) throw new Throttled('KMS asks for less traffic', { cause: error });
    if (refusals.includes(error.name))
      throw new Misconfigured(`KMS does not ${operation === 'Decrypt' ? 'open' : 'make'} the data key (${error.name})`, { cause: error });
    throw new Unavailable('KMS did not answer', { cause: error });
  });
}
