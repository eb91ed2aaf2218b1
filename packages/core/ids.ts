/** Branded, prefixed ids. Randomness is an argument: callers hand over 16 fresh bytes. */
import * as z from 'zod';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

function idOf<const P extends string>(prefix: P) {
  const schema = z.string().regex(new RegExp(`^${prefix}_[0-9a-z]{26}$`), `an id like ${prefix}_ and 26 characters`);
  return schema.brand<P>();
}

export const PersonId = idOf('per');
export type PersonId = z.infer<typeof PersonId>;
export const CaseId = idOf('cas');
export type CaseId = z.infer<typeof CaseId>;

/** `prefix_` and 26 Crockford base-32 characters of the 16 bytes given (128 bits). */
export function encodeId(
  prefix: 'per' | 'ses' | 'fam' | 'cas' | 'grt' | 'evt' | 'igk' | 'wav' | 'apr' | 'rol' | 'orp',
  bytes: Uint8Array,
): string {
  if (bytes.length !== 16) throw new RangeError(`An id takes 16 bytes, got ${bytes.length}`);
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  let text = '';
  for (let i = 0; i < 26; i++) {
    text = alphabet[Number(value & 31n)] + text;
    value >>= 5n;
  }
  return `${prefix}_${text}`;
}
