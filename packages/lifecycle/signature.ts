/** ES256 between KMS, which speaks DER, and JOSE, which writes r and s side by side. Checks signatures; makes none. */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { PublicJwk } from './packet.ts';

/** SubjectPublicKeyInfo (DER) of a P-256 key, as kms:GetPublicKey answers. */
export function jwkOf(spki: Uint8Array): PublicJwk {
  return PublicJwk.parse(createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }).export({ format: 'jwk' }));
}

/** RFC 7638: the required members, in this order, hashed. */
export function thumbprint({ crv, kty, x, y }: PublicJwk): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}

/** An ECDSA-Sig-Value (RFC 3279 section 2.2.3) as base64url of r and s, 32 bytes each. */
export function joseOf(der: Uint8Array): string {
  const bytes = Buffer.from(der);
  const read = (at: number): [Buffer, number] => {
    const length = bytes[at + 1] ?? 0;
    if (bytes[at] !== 0x02 || length > 33) throw new RangeError('The signature is not an ECDSA-Sig-Value of P-256');
    return [bytes.subarray(at + 2, at + 2 + length), at + 2 + length];
  };
  if (bytes[0] !== 0x30) throw new RangeError('The signature is not an ECDSA-Sig-Value');
  const [r, after] = read(2);
  const [s] = read(after);
  const padded = (part: Buffer) => Buffer.concat([Buffer.alloc(32), part]).subarray(-32);
  return Buffer.concat([padded(r), padded(s)]).toString('base64url');
}

/** @param value base64url as `joseOf` writes it; another spelling of the same bytes does not pass. */
export function isSigned(text: string, value: string, key: PublicJwk): boolean {
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
