/**
 * Signs with a KMS key. A key that does not verify its own signature never signs. Which of our keys that is, and whether anybody knows its public half
 * yet, is the key ring's to say.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { derToJose, joseToDer } from '@gatehouse/core/es256';
import { awsJson, isThrottle } from '@gatehouse/runtime/aws-call';
import { Misconfigured, Throttled, Unavailable } from '@gatehouse/runtime/fault';
import * as z from 'zod';
import { thumbprint } from './issuer-keys.ts';
import type { Signer } from './signer.ts';

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
  const { PublicKey } = await kms<{ PublicKey?: string }>('GetPublicKey', { KeyId: keyArn });
  if (!PublicKey) throw new Misconfigured(`The key ${keyArn} has no public half: it must be ECC_NIST_P256 for SIGN_VERIFY`);
  return createPublicKey({ key: Buffer.from(PublicKey, 'base64'), format: 'der', type: 'spki' });
}

async function signOnce(keyArn: string, text: string): Promise<Buffer> {
  const Message = Buffer.from(text).toString('base64');
  const wish = { KeyId: keyArn, Message, MessageType: 'RAW', SigningAlgorithm: 'ECDSA_SHA_256' };
  const { Signature } = await kms<{ Signature?: string }>('Sign', wish);
  const signature = Signature && derToJose(Buffer.from(Signature, 'base64'));
  if (!signature) throw new Unavailable('KMS answered with what is no DER signature');
  return signature;
}

const ours = new Set([
  'NotFoundException',
  'AccessDeniedException',
  'DisabledException',
  'InvalidKeyUsageException',
  'KMSInvalidStateException',
]);

function kms<Output>(operation: 'GetPublicKey' | 'Sign', wish: object): Promise<Output> {
  return awsJson<Output>('kms', operation, wish).catch((error: Error) => {
    if (ours.has(error.name)) throw new Misconfigured(`The signing key cannot be used: ${error.name}`, { cause: error });
    throw isThrottle(error)
      ? new Throttled('KMS asks for less traffic', { cause: error })
      : new Unavailable('KMS did not answer', { cause: error });
  });
}
