/** The evidence packet of one leaver: how the case began, every link, how it ended, and the signature over it all. Self-contained: it is checked offline. */
import { Case } from '@gatehouse/contracts/records/case';
import * as z from 'zod';
import { Closing, Link, Opening } from './chain.ts';
import { PublicJwk, Signature } from './signed.ts';

const format = 'gatehouse-evidence-1';

const howToVerify =
  'npm run evidence -- verify FILE. By hand: hash the opening and each link with SHA-256 over its JSON with sorted names and no spaces; each ' +
  'prev_hash is the hash before it; the signature is ES256 over the hash of the closing, as 64 hex digits, by the key whose RFC 7638 thumbprint is kid. ' +
  'Compare kid with the one that your AWS account has: aws kms get-public-key.';

export const Packet = z.strictObject({
  format: z.literal(format),
  case: Opening,
  /** Told by the links; repeated for readers and checked against them. */
  status: z.string(),
  cut_at: z.string().nullable(),
  proven_at: z.string().nullable(),
  chain: z.array(Link),
  /** Null while the case is open: then nothing is signed yet. */
  closing: Closing.nullable(),
  signature: Signature.nullable(),
  public_key: PublicJwk.nullable(),
  how_to_verify: z.literal(howToVerify),
});
export type Packet = z.infer<typeof Packet>;

export interface Seal {
  closing: Closing;
  signature: Signature;
  public_key: PublicJwk;
}

export function openingOf(one: Case): Opening {
  const { status: _status, cut_at: _cut, proven_at: _proven, closed_at: _closed, message: _message, ...opening } = Case.parse(one);
  return opening;
}

export function packetOf(one: Case, chain: readonly Link[], seal: Seal | undefined): Packet {
  return {
    format,
    case: openingOf(one),
    status: one.status,
    cut_at: one.cut_at ?? null,
    proven_at: one.proven_at ?? null,
    chain: [...chain],
    closing: seal?.closing ?? null,
    signature: seal?.signature ?? null,
    public_key: seal?.public_key ?? null,
    how_to_verify: howToVerify,
  };
}
