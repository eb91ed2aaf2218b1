/**
 * Signs with a KMS key. A key that does not verify its own signature never signs. Which of our keys that is, and whether anybody knows its public half
 * yet, is the key ring's to say.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { GetPublicKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { derToJose, joseToDer } from '@gatehouse/core/es256';
import { Misconfigured, Throttled, Unavailable } from '@gatehouse/runtime/fault';
import * as z from 'zod';
import { thumbprint } from './issuer-keys.ts';
import type { Signer } from './signer.ts';

let client: KMSClient | undefined;
const signers = new Map<string, Promise<KmsSigner>>();

export interface KmsSigner extends Signer {
  keyArn: string;
  /** Public members only (RFC 7517). */
  jwk: { kty: 'EC'; crv: 'P-256'; x: string; y: string; kid: string; alg: 'ES256'; use: 'sig' };
}

/** One signer a key and environment. A failed start is tried again by the next call. */
export function kmsSigner(keyArn: string): Promise<KmsSigner> {
  const known = signers.get(keyArn);
  if (known) return known;
  const started = start(keyArn).catch((error: unknown) => {
    signers.delete(keyArn);
    throw error;
  });
  signers.set(keyArn, started);
  return started;
}

const PublicJwk = z.object({ kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string() });

async function start(keyArn: string): Promise<KmsSigner> {
  const key = await publicKey(keyArn);
  const jwk = PublicJwk.parse(key.export({ format: 'jwk' }));
  const kid = thumbprint(jwk);
  await selfTest(keyArn, key);
  return {
    kid,
    keyArn,
    jwk: { ...jwk, kid, alg: 'ES256', use: 'sig' },
    sign: async (input) => (await signOnce(keyArn, input)).toString('base64url'),
  };
}
async function selfTest(keyArn: string, key: KeyObject): Promise<void> {
  const text = 'gatehouse signer self-test';
  const der = joseToDer(await signOnce(keyArn, text));
  if (!der || !verify('sha256', Buffer.from(text), key, der))
    throw new Misconfigured(`The key ${keyArn} does not verify its own signature: is it ECC_NIST_P256 for SIGN_VERIFY?`);
}

async function publicKey(keyArn: string): Promise<KeyObject> {
  const answer = await asked(() => kms().send(new GetPublicKeyCommand({ KeyId: keyArn })));
  if (!answer.PublicKey) throw new Misconfigured(`The key ${keyArn} has no public half: it must be ECC_NIST_P256 for SIGN_VERIFY`);
  return createPublicKey({ key: Buffer.from(answer.PublicKey), format: 'der', type: 'spki' });
}

async function signOnce(keyArn: string, text: string): Promise<Buffer> {
  const answer = await asked(() =>
    kms().send(new SignCommand({ KeyId: keyArn, Message: Buffer.from(text), MessageType: 'RAW', SigningAlgorithm: 'ECDSA_SHA_256' })),
  );
  const signature = answer.Signature && derToJose(answer.Signature);
  if (!signature) throw new Unavailable('KMS answered with what is no DER signature');
  return signature;
}

function kms(): KMSClient {
  client ??= new KMSClient({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true },
  });
  return client;
}

const ours = new Set([
  'NotFoundException',
  'AccessDeniedException',
  'DisabledException',
  'InvalidKeyUsageException',
  'KMSInvalidStateException',
]);

async function asked<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    if (ours.has(name)) throw new Misconfigured(`The signing key cannot be used: ${name}`, { cause: error });
    if (name === 'ThrottlingException' || name === 'LimitExceededException')
      throw new Throttled('KMS asks for less traffic', { cause: error });
    throw new Unavailable('KMS did not answer', { cause: error });
  }
}
