/**
 * The hash chain of a case: each link holds the hash of the one before it, the first holds the hash of how the case was opened, the last one
 * is how it was closed. Whoever changes, drops or moves anything has to change every hash after it, and the signature over the last.
 */
import { createHash } from 'node:crypto';
import { Phase } from '@gatehouse/contracts/steps/lifecycle';
import { StepOutput } from '@gatehouse/contracts/steps/step';
import * as z from 'zod';

export const hash = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in 64 lower-case hex digits');

/** How the case began; none of it changes later. */
export const Opening = z.strictObject({
  id: z.string(),
  kind: z.literal('offboarding'),
  person: z.string(),
  generation: z.int(),
  trigger: z.enum(['manual', 'event', 'entitlement']),
  reason: z.string(),
  ticket: z.string().optional(),
  dry_run: z.boolean(),
  hold: z.boolean(),
  execution_arn: z.string(),
  started_at: z.string(),
});
export type Opening = z.infer<typeof Opening>;

export const Link = z.strictObject({
  seq: z.int().positive(),
  phase: Phase,
  /** Step by step what was done to what, and how it was shown. */
  results: z.array(z.strictObject({ step: z.string(), result: StepOutput })),
  /** The directory's word that allowed it. */
  truth: z.unknown(),
  at: z.string(),
  prev_hash: hash,
  hash,
});
export type Link = z.infer<typeof Link>;

/** `api`: they were signed in to Gatehouse. `cloudtrail`: AWS wrote down who started the execution; `person` is there when that is one of ours. */
export const Initiator = z.strictObject({
  person: z.string().optional(),
  principal: z.string().optional(),
  told_by: z.enum(['api', 'cloudtrail']),
});
export type Initiator = z.infer<typeof Initiator>;

export const Closing = z.strictObject({
  status: z.string(),
  message: z.string(),
  closed_at: z.string(),
  /** Who began it: a person, or for a start in the console the AWS principal that CloudTrail names. Absent while nobody has said. */
  initiator: Initiator.optional(),
  /** Where the key lives that signs this hash. */
  key_arn: z.string(),
  prev_hash: hash,
  hash,
});
export type Closing = z.infer<typeof Closing>;

export function hashOpening(opening: Opening): string {
  return digest({ opening });
}

/** @param prevHash of the link before, or of the opening. */
export function linkTo(prevHash: string, caseId: string, link: Omit<Link, 'hash' | 'prev_hash'>): Link {
  const bare = { ...link, prev_hash: prevHash };
  return { ...bare, hash: digest({ case: caseId, link: bare }) };
}

export function closeOn(prevHash: string, caseId: string, closing: Omit<Closing, 'hash' | 'prev_hash'>): Closing {
  const bare = { ...closing, prev_hash: prevHash };
  return { ...bare, hash: digest({ case: caseId, closing: bare }) };
}

/** @returns what is broken first, in a sentence; undefined when every link holds. */
export function breakIn(opening: Opening, chain: readonly Link[], closing: Closing): string | undefined {
  let before = hashOpening(opening);
  let what = 'the opening';
  for (const [index, link] of chain.entries()) {
    const name = `link ${index + 1} (${link.phase})`;
    if (link.seq !== index + 1) return `${name} carries number ${link.seq}: a link is missing or out of order`;
    if (link.prev_hash !== before) return `${name} does not follow from ${what}: one of them was altered, dropped or moved`;
    const { hash: claimed, prev_hash, ...rest } = link;
    if (linkTo(prev_hash, opening.id, rest).hash !== claimed) return `${name} was altered: its hash is another`;
    before = claimed;
    what = name;
  }
  if (closing.prev_hash !== before) return `the closing does not follow from ${what}: one of them was altered, dropped or moved`;
  const { hash: claimed, prev_hash, ...rest } = closing;
  return closeOn(prev_hash, opening.id, rest).hash === claimed ? undefined : 'the closing was altered: its hash is another';
}

/** SHA-256 over the canonical JSON of a value, 64 hex digits. */
export function digest(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('hex');
}

/** JSON with sorted member names and no spaces (RFC 8785, for the texts, whole numbers and truth values that evidence is made of). */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`);
  return `{${members.join(',')}}`;
}
