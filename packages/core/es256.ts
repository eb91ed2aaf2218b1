/** ES256 signatures between JOSE's 64 raw bytes (RFC 7518 s3.4) and the DER that OpenSSL and KMS speak. Strict in both directions: one signature, one encoding. */

const half = 32;

/** DER of a JOSE signature; undefined when it has not exactly 64 bytes or r or s is zero. The range up to the curve's order is the verifier's to check. */
export function joseToDer(signature: Uint8Array): Buffer | undefined {
  if (signature.length !== 2 * half) return undefined;
  const r = integer(signature, 0);
  const s = integer(signature, half);
  if (!r || !s) return undefined;
  return Buffer.concat([Uint8Array.of(0x30, r.length + s.length), r, s]);
}

function integer(signature: Uint8Array, from: number): Buffer | undefined {
  const end = from + half;
  let start = from;
  while (start < end && signature[start] === 0) start++;
  if (start === end) return undefined;
  const positive = (signature[start] ?? 0) & 0x80 ? 1 : 0;
  const encoded = Buffer.alloc(2 + positive + end - start);
  encoded[0] = 0x02;
  encoded[1] = positive + end - start;
  encoded.set(signature.subarray(start, end), 2 + positive);
  return encoded;
}

/**
 * JOSE bytes of a DER signature (SEC 1, X.690 DER). Undefined for anything but one SEQUENCE of two minimal, positive INTEGERs of at most 32 bytes
 * that fills the input exactly: no long-form lengths, no trailing bytes.
 */
export function derToJose(der: Uint8Array): Buffer | undefined {
  if (der.length < 8 || der.length > 72 || der[0] !== 0x30 || der[1] !== der.length - 2) return undefined;
  const r = readInteger(der, 2);
  if (!r) return undefined;
  const s = readInteger(der, r.end);
  if (!s || s.end !== der.length) return undefined;
  const signature = Buffer.alloc(2 * half);
  signature.set(r.bytes, half - r.bytes.length);
  signature.set(s.bytes, 2 * half - s.bytes.length);
  return signature;
}

function readInteger(der: Uint8Array, at: number): { bytes: Uint8Array; end: number } | undefined {
  const length = der[at + 1];
  if (der[at] !== 0x02 || length === undefined || length === 0 || length > half + 1) return undefined;
  const end = at + 2 + length;
  if (end > der.length) return undefined;
  const bytes = der.subarray(at + 2, end);
  const first = bytes[0] ?? 0;
  if (first & 0x80) return undefined;
  if (first !== 0) return bytes.length > half ? undefined : { bytes, end };
  // A leading zero is there only to keep the number positive; zero itself is no signature.
  if (bytes.length === 1 || ((bytes[1] ?? 0) & 0x80) === 0) return undefined;
  return { bytes: bytes.subarray(1), end };
}
