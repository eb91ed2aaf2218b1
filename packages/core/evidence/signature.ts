/** ES256 between KMS, which speaks DER, and JOSE, which writes r and s side by side. Checks signatures; makes none. */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { derToJose } from '../es256.ts';
import { PublicJwk, type Signature } from './signed.ts';

/** SubjectPublicKeyInfo (DER) of a P-256 key, as kms:GetPublicKey answers. */
export function jwkOf(spki: Uint8Array): PublicJwk {
  return PublicJwk.parse(createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }).export({ format: 'jwk' }));
}

/** RFC 7638: the required members, in this order, hashed. */
export function thumbprint({ crv, kty, x, y }: PublicJwk): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}

/** An ECDSA-Sig-Value (RFC 3279 section 2.2.3) as base64url of r and s, 32 bytes each. Throws RangeError for anything else. */
export function joseOf(der: Uint8Array): string {
  const jose = derToJose(der);
  if (!jose) throw new RangeError('The signature is not an ECDSA-Sig-Value of P-256');
  return jose.toString('base64url');
}

/** @param value base64url as `joseOf` writes it; another spelling of the same bytes does not pass. */
function isSigned(text: string, value: string, key: PublicJwk): boolean {
  const bytes = Buffer.from(value, 'base64url');
  if (bytes.length !== 64 || bytes.toString('base64url') !== value) return false;
  try {
    return verify(
      'sha256',
      Buffer.from(text),
      { key: createPublicKey({ key: { ...key }, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
      bytes,
    );
  } catch {
    return false;
  }
}

/** @returns what is wrong with the key or the signature, in a sentence; undefined when `hash` is signed by the key that `kid` names. */
export function flawIn(
  hash: string,
  { signature, key, kid }: { signature: Signature; key: PublicJwk; kid?: string | undefined },
): string | undefined {
  if (thumbprint(key) !== signature.kid) return 'The public key is not the one that kid names: one was altered.';
  if (!isSigned(hash, signature.value, key)) return 'The signature does not fit the chain and the public key.';
  if (kid !== undefined && kid !== signature.kid) return `It is signed by the key ${signature.kid}, not by ${kid}.`;
  return undefined;
}
