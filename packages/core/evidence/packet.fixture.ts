/** One whole packet of a leaver, signed by a key made here. */
import { generateKeyPairSync, sign } from 'node:crypto';
import type { Case } from '@gatehouse/contracts/records/case';
import { closeOn, hashOpening, type Link, linkTo } from './chain.ts';
import { openingOf, type Packet, packetOf } from './packet.ts';
import { joseOf, jwkOf, thumbprint } from './signature.ts';
import type { PublicJwk, Signature } from './signed.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
export const jwk = jwkOf(publicKey.export({ format: 'der', type: 'spki' }));
export const one: Case = {
  id: 'cas_01h00000000000000000000000',
  kind: 'offboarding',
  person: 'per_01h00000000000000000000000',
  generation: 2,
  status: 'done',
  trigger: 'event',
  reason: 'deactivated in the directory',
  ticket: 'HR-1',
  dry_run: false,
  hold: false,
  execution_arn: 'arn:aws:states:eu-central-1:123456789012:execution:gatehouse-prod-offboarding:cas_01h00000000000000000000000',
  started_at: '2026-11-22T09:00:00.000Z',
  cut_at: '2026-11-22T09:00:02.000Z',
  proven_at: '2026-11-22T09:02:30.000Z',
  closed_at: '2026-11-29T09:03:00.000Z',
};
const target = {
  system: 'litellm',
  kind: 'virtual-key',
  id_hash: 'sha256:0123',
  before: 'live',
  after: 'blocked',
  at: '2026-11-22T09:00:01.000Z',
} as const;

export function chainOf(): Link[] {
  const phases = [
    ['cut', one.cut_at],
    ['proven', one.proven_at],
    ['purged', '2026-11-29T09:02:59.000Z'],
  ] as const;
  const links: Link[] = [];
  for (const [phase, at = ''] of phases) {
    const results = [{ step: 'block-virtual-keys', result: { outcome: 'done' as const, targets: [target], message: 'one key' } }];
    const before = links.at(-1)?.hash ?? hashOpening(openingOf(one));
    links.push(linkTo(before, one.id, { seq: links.length + 1, phase, results, truth: { truth: 'left', groups: [] }, at }));
  }
  return links;
}

export function packet(): Packet {
  const chain = chainOf();
  const key_arn = 'arn:aws:kms:eu-central-1:123456789012:key/1';
  const closing = closeOn(chain.at(-1)?.hash ?? '', one.id, {
    status: 'done',
    message: 'Offboarded',
    closed_at: one.closed_at ?? '',
    key_arn,
  });
  return packetOf(one, chain, { closing, ...signed(closing.hash) });
}

export function signed(hash: string): { signature: Signature; public_key: PublicJwk } {
  const value = joseOf(sign('sha256', Buffer.from(hash), privateKey));
  return { signature: { alg: 'ES256', kid: thumbprint(jwk), value }, public_key: jwk };
}
