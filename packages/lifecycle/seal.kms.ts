/** Signs evidence with its key. KMS takes at most 4,096 bytes RAW: what is signed is a hash, as 64 hex digits. */
import { joseOf, jwkOf, thumbprint } from '@gatehouse/core/evidence/signature';
import type { PublicJwk, Signature } from '@gatehouse/core/evidence/signed';
import { awsJson, isThrottle } from '@gatehouse/runtime/aws-call';
import { Misconfigured, Throttled, Unavailable } from '@gatehouse/runtime/fault';

/** @param hash 64 hex digits. */
export async function sign(keyArn: string, hash: string): Promise<{ signature: Signature; public_key: PublicJwk }> {
  const Message = Buffer.from(hash).toString('base64');
  const [{ PublicKey: spki }, { Signature: der }] = await Promise.all([
    kms<{ PublicKey?: string }>('GetPublicKey', { KeyId: keyArn }),
    kms<{ Signature?: string }>('Sign', { KeyId: keyArn, Message, MessageType: 'RAW', SigningAlgorithm: 'ECDSA_SHA_256' }),
  ]);
  if (!spki || !der) throw new Unavailable('KMS answered without a key or a signature');
  const public_key = jwkOf(Buffer.from(spki, 'base64'));
  return { signature: { alg: 'ES256', kid: thumbprint(public_key), value: joseOf(Buffer.from(der, 'base64')) }, public_key };
}

function kms<Output>(operation: 'GetPublicKey' | 'Sign', wish: object): Promise<Output> {
  return awsJson<Output>('kms', operation, wish).catch((error: Error) => {
    const { name } = error;
    if (isThrottle(error)) throw new Throttled('KMS asks for less traffic', { cause: error });
    if (['AccessDeniedException', 'NotFoundException', 'DisabledException', 'KMSInvalidStateException'].includes(name))
      throw new Misconfigured(`The evidence key cannot sign (${name}): enable it and let lifecycle's functions use it`, { cause: error });
    throw new Unavailable('KMS did not answer', { cause: error });
  });
}
