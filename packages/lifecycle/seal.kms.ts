/** Signs the end of a case's chain with the evidence key. KMS takes at most 4,096 bytes RAW: what is signed is the chain's last hash, as 64 hex digits. */

import type { Closing } from '@gatehouse/core/evidence/chain';
import type { Seal } from '@gatehouse/core/evidence/packet';
import { joseOf, jwkOf, thumbprint } from '@gatehouse/core/evidence/signature';
import { awsJson, isThrottle } from '@gatehouse/runtime/aws-call';
import { Misconfigured, Throttled, Unavailable } from '@gatehouse/runtime/fault';

export async function seal(keyArn: string, closing: Closing): Promise<Seal> {
  const Message = Buffer.from(closing.hash).toString('base64');
  const [{ PublicKey: spki }, { Signature: der }] = await Promise.all([
    kms<{ PublicKey?: string }>('GetPublicKey', { KeyId: keyArn }),
    kms<{ Signature?: string }>('Sign', { KeyId: keyArn, Message, MessageType: 'RAW', SigningAlgorithm: 'ECDSA_SHA_256' }),
  ]);
  if (!spki || !der) throw new Unavailable('KMS answered without a key or a signature');
  const jwk = jwkOf(Buffer.from(spki, 'base64'));
  const signature = { alg: 'ES256', kid: thumbprint(jwk), value: joseOf(Buffer.from(der, 'base64')) } as const;
  return { closing, signature, public_key: jwk };
}

function kms<Output>(operation: 'GetPublicKey' | 'Sign', wish: object): Promise<Output> {
  return awsJson<Output>('kms', operation, wish).catch((error: Error) => {
    const { name } = error;
    if (isThrottle(error)) throw new Throttled('KMS asks for less traffic', { cause: error });
    if (['AccessDeniedException', 'NotFoundException', 'DisabledException', 'KMSInvalidStateException'].includes(name))
      throw new Misconfigured(`The evidence key cannot sign (${name}): enable it and let close-case use it`, { cause: error });
    throw new Unavailable('KMS did not answer', { cause: error });
  });
}
