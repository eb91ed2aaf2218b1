/** Signs the end of a case's chain with the evidence key. KMS takes at most 4,096 bytes RAW: what is signed is the chain's last hash, as 64 hex digits. */
import { GetPublicKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { Misconfigured, Throttled, Unavailable } from '@gatehouse/runtime/fault';
import type { Closing } from './chain.ts';
import type { Seal } from './packet.ts';
import { joseOf, jwkOf, thumbprint } from './signature.ts';

let client: KMSClient | undefined;

export async function seal(keyArn: string, closing: Closing): Promise<Seal> {
  client ??= new KMSClient({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true },
  });
  const kms = client;
  return guarded(async () => {
    const [{ PublicKey: spki }, { Signature: der }] = await Promise.all([
      kms.send(new GetPublicKeyCommand({ KeyId: keyArn })),
      kms.send(
        new SignCommand({ KeyId: keyArn, Message: Buffer.from(closing.hash), MessageType: 'RAW', SigningAlgorithm: 'ECDSA_SHA_256' }),
      ),
    ]);
    if (!spki || !der) throw new Unavailable('KMS answered without a key or a signature');
    const jwk = jwkOf(spki);
    return { closing, signature: { alg: 'ES256', kid: thumbprint(jwk), value: joseOf(der) }, public_key: jwk };
  });
}

async function guarded<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    if (name === 'Unavailable') throw error;
    if (name === 'ThrottlingException') throw new Throttled('KMS asks for less traffic', { cause: error });
    if (['AccessDeniedException', 'NotFoundException', 'DisabledException', 'KMSInvalidStateException'].includes(name))
      throw new Misconfigured(`The evidence key cannot sign (${name}): enable it and let close-case use it`, { cause: error });
    throw new Unavailable('KMS did not answer', { cause: error });
  }
}
