/** The public keys that our tokens verify with, read from access's records and kept for five minutes; an unknown kid asks again, at most once in two seconds. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { SigningKey, signingKey } from '@gatehouse/contracts/records/signing-key';
import { once } from './environment.ts';
import { query } from './table.ts';

const keepMs = 5 * 60_000;
const askAgainMs = 2_000;

let keys: ReadonlyMap<string, KeyObject> = new Map();
let readAt = Number.NEGATIVE_INFINITY;

export async function trustedKeys(nowMs: number, options: { again?: boolean } = {}): Promise<ReadonlyMap<string, KeyObject>> {
  const age = nowMs - readAt;
  if (age < (options.again ? askAgainMs : keepMs) && (keys.size > 0 || age < askAgainMs)) return keys;
  try {
    const rows = await query(process.env.TABLE_ACCESS ?? '', signingKey.key('').pk);
    keys = new Map(
      rows.map((row) => SigningKey.parse(row, once)).map(({ kid, jwk }) => [kid, createPublicKey({ key: jwk, format: 'jwk' })]),
    );
    readAt = nowMs;
  } catch (error) {
    // Keys only ever grow old slowly: those already read stay good while the table is away.
    if (keys.size === 0 || options.again) throw error;
  }
  return keys;
}
