/** Checks an evidence packet offline and names the first thing that is wrong with it. Trusts the key inside only as far as its thumbprint is known to the reader. */
import { ok, type Result, refuse } from '@gatehouse/core/result';
import { breakIn, type Closing } from './chain.ts';
import { Packet, type Signature } from './packet.ts';
import { isSigned, thumbprint } from './signature.ts';

type Verified = Packet & { closing: Closing; signature: Signature };

/** @param text of the file. @param kid that the reader expects, if they know it. The refusal is a sentence. */
export function verifyPacket(text: string, kid?: string): Result<Verified, string> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refuse('The file is not JSON: it was cut short or altered.');
  }
  const parsed = Packet.safeParse(json);
  if (!parsed.success) {
    const [first] = parsed.error.issues;
    const place = first?.path.join('.') || 'its first level';
    return refuse(`The packet is not shaped as Gatehouse writes it, so it was altered or is none: at ${place}: ${first?.message}.`);
  }
  const packet = parsed.data;
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
  if (thumbprint(key) !== signature.kid) return refuse('The public key is not the one that kid names: one was altered.');
  if (!isSigned(closing.hash, signature.value, key)) return refuse('The signature does not fit the chain and the public key.');
  if (kid !== undefined && kid !== signature.kid) return refuse(`The packet is signed by the key ${signature.kid}, not by ${kid}.`);
  return ok({ ...packet, closing, signature });
}
