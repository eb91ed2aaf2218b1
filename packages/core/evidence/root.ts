/**
 * The hourly root: every packet that was sealed since the root before, by the hash of its closing, chained to that root and signed. Whoever drops a
 * packet, makes one anew or leaves out an hour has to make every later root anew. It knows no person.
 */
import * as z from 'zod';
import { digest, hash } from './chain.ts';
import { PublicJwk, Signature } from './signed.ts';

export const rootFormat = 'gatehouse-evidence-root-1';

/** Before the first root there is none. */
const noRoot = '0'.repeat(64);

/** `head`: the hash of the closing, which is what the packet's own signature covers. */
const Leaf = z.strictObject({ case: z.string(), head: hash });
type Leaf = z.infer<typeof Leaf>;

export const Root = z.strictObject({
  format: z.literal(rootFormat),
  /** 1 and on, none left out. */
  number: z.int().positive(),
  /** When the root before was made; null for the first. */
  after: z.string().nullable(),
  at: z.string(),
  /** By case id. */
  packets: z.array(Leaf),
  previous: hash,
  /** Where the key lives that signs this hash. */
  key_arn: z.string(),
  hash,
  signature: Signature,
  public_key: PublicJwk,
});
export type Root = z.infer<typeof Root>;

export type BareRoot = Omit<Root, 'signature' | 'public_key'>;

/** @param before the root before this one, if there is one. */
export function rootOver(
  before: { number: number; at: string; hash: string } | undefined,
  packets: readonly Leaf[],
  at: string,
  key_arn: string,
): BareRoot {
  const bare = {
    format: rootFormat as typeof rootFormat,
    number: (before?.number ?? 0) + 1,
    after: before?.at ?? null,
    at,
    packets: packets.toSorted((a, b) => (a.case < b.case ? -1 : 1)),
    previous: before?.hash ?? noRoot,
    key_arn,
  };
  return { ...bare, hash: digest({ root: bare }) };
}

/** @returns what is wrong with one root by itself, in a sentence. */
export function breakInRoot({ signature: _signature, public_key: _key, hash: claimed, ...bare }: Root): string | undefined {
  if (digest({ root: bare }) !== claimed) return `root ${bare.number} was altered: its hash is another`;
  const twice = bare.packets.find(({ case: id }, index) => id === bare.packets[index + 1]?.case);
  if (twice) return `root ${bare.number} holds the case ${twice.case} twice`;
  if ((bare.number === 1) !== (bare.after === null)) return `root ${bare.number} does not say when the root before it was made`;
  return undefined;
}

/** Whether a root follows the one before it. @returns the first thing that is missing or does not fit. */
export function breakBetween(before: Root, root: Root): string | undefined {
  const missing = root.number - before.number - 1;
  if (missing > 0)
    return `${missing === 1 ? `root ${before.number + 1} is` : `roots ${before.number + 1} to ${root.number - 1} are`} missing`;
  if (missing < 0) return `root ${root.number} comes after root ${before.number}: one is there twice or out of order`;
  if (root.previous !== before.hash)
    return `root ${root.number} does not follow from root ${before.number}: one of them was altered or made anew`;
  if (root.after !== before.at)
    return `root ${root.number} says that the one before it was made at ${root.after}, that one says ${before.at}`;
  return undefined;
}
