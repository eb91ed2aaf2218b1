/** Checks evidence packets and roots offline and names the first thing that is wrong. Trusts the key inside only as far as its thumbprint is known to the reader. */
import type * as z from 'zod';
import { hasDuplicateMember } from '../json-members.ts';
import { ok, type Result, refuse } from '../result.ts';
import { breakIn, type Closing } from './chain.ts';
import { Packet } from './packet.ts';
import { breakBetween, breakInRoot, Root, rootFormat } from './root.ts';
import { flawIn } from './signature.ts';
import type { Signature } from './signed.ts';

export type Verified = Packet & { closing: Closing; signature: Signature };

/** @param text of the file. @param kid that the reader expects, if they know it. The refusal is a sentence. */
export function verifyPacket(text: string, kid?: string): Result<Verified, string> {
  const read = readAs(text, Packet, 'packet');
  if (!read.ok) return read;
  const packet = read.value;
  const { closing, signature, public_key: key, chain } = packet;
  if (!closing || !signature || !key)
    return refuse(
      'The case is still open: nothing is signed yet. Fetch the packet again when its status is done, held, cancelled or needs_human.',
    );
  const broken = breakIn(packet.case, chain, closing);
  if (broken) return refuse(`The chain is broken: ${broken}.`);
  if (packet.status !== closing.status)
    return refuse(`The packet says ${packet.status}, its closing says ${closing.status}: one was altered.`);
  for (const [name, phase] of [
    ['cut_at', 'cut'],
    ['proven_at', 'proven'],
  ] as const) {
    const told = chain.find((link) => link.phase === phase)?.at ?? null;
    if (packet[name] !== told) return refuse(`${name} says ${packet[name]}, the link of that phase says ${told}: one was altered.`);
  }
  const flaw = flawIn(closing.hash, { signature, key, kid });
  return flaw ? refuse(flaw) : ok({ ...packet, closing, signature });
}

export function verifyRoot(text: string, kid?: string): Result<Root, string> {
  const read = readAs(text, Root, 'root');
  if (!read.ok) return read;
  const root = read.value;
  const broken = breakInRoot(root);
  if (broken) return refuse(`The root is broken: ${broken}.`);
  const flaw = flawIn(root.hash, { signature: root.signature, key: root.public_key, kid });
  return flaw ? refuse(flaw) : ok(root);
}

/** @returns why a verified packet is not one of a verified root, in a sentence. */
export function absenceFrom(root: Root, { case: { id }, closing, signature }: Verified): string | undefined {
  const leaf = root.packets.find((one) => one.case === id);
  if (!leaf) return `Root ${root.number} holds no packet of the case ${id}: it was sealed in another hour, or made later than it says.`;
  if (leaf.head !== closing.hash) return `Root ${root.number} holds another packet of the case ${id}: this one was made anew.`;
  if (root.signature.kid !== signature.kid)
    return `Root ${root.number} is signed by the key ${root.signature.kid}, the packet by ${signature.kid}.`;
  return undefined;
}

/** Whether verified roots follow one another. @param roots in any order. */
export function verifyRoots(roots: readonly Root[]): Result<readonly Root[], string> {
  const inOrder = roots.toSorted((a, b) => a.number - b.number);
  for (const [index, root] of inOrder.entries()) {
    const before = inOrder[index - 1];
    const broken = before && breakBetween(before, root);
    if (broken) return refuse(`The roots are broken: ${broken}.`);
  }
  return ok(inOrder);
}

/** What the file says that it is, before anything of it is believed. */
export function isRoot(text: string): boolean {
  try {
    return (JSON.parse(text) as { format?: unknown } | null)?.format === rootFormat;
  } catch {
    return false;
  }
}

const deepest = 40;

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeperThan(member, levels - 1));
}

function readAs<S extends z.ZodType>(text: string, schema: S, what: string): Result<z.infer<S>, string> {
  let json: unknown;
  try {
    json = JSON.parse(text);
    // Two members of one name: readers differ on which counts.
    if (hasDuplicateMember(text)) return refuse('The file names a member twice: it was altered.');
    if (isDeeperThan(json, deepest)) return refuse('The file is nested deeper than evidence is: it was altered.');
    const parsed = schema.safeParse(json);
    if (parsed.success) return ok(parsed.data);
    const [first] = parsed.error.issues;
    const place = first?.path.join('.') || 'its first level';
    return refuse(`This is no ${what} as Gatehouse writes it, or it was altered: at ${place}: ${first?.message}.`);
  } catch (error) {
    if (error instanceof SyntaxError) return refuse('The file is not JSON: it was cut short or altered.');
    throw error;
  }
}
