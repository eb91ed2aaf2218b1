import { generateKeyPairSync, sign } from 'node:crypto';
import type { Case } from '@gatehouse/contracts/records/case';
import { describe, expect, it } from 'vitest';
import { closeOn, hashOpening, type Link, linkTo } from './chain.ts';
import { openingOf, type Packet, packetOf } from './packet.ts';
import { joseOf, jwkOf, thumbprint } from './signature.ts';
import { verifyPacket } from './verify.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = jwkOf(publicKey.export({ format: 'der', type: 'spki' }));
const one: Case = {
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

function chainOf(): Link[] {
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

function packet(): Packet {
  const chain = chainOf();
  const key_arn = 'arn:aws:kms:eu-central-1:123456789012:key/1';
  const closing = closeOn(chain.at(-1)?.hash ?? '', one.id, {
    status: 'done',
    message: 'Offboarded',
    closed_at: one.closed_at ?? '',
    key_arn,
  });
  const value = joseOf(sign('sha256', Buffer.from(closing.hash), privateKey));
  return packetOf(one, chain, { closing, signature: { alg: 'ES256', kid: thumbprint(jwk), value }, public_key: jwk });
}

function refusal(text: string, kid?: string): string {
  const checked = verifyPacket(text, kid);
  return checked.ok ? expect.fail('it verifies') : checked.refusal;
}

/** A copy with one thing changed. */
function altered(change: (packet: Packet) => void): string {
  const copy = structuredClone(packet());
  change(copy);
  return JSON.stringify(copy);
}

describe('an evidence packet', () => {
  it('verifies as it was written, under any layout', () => {
    expect(verifyPacket(JSON.stringify(packet())).ok).toBe(true);
    expect(verifyPacket(JSON.stringify(packet(), null, 2), thumbprint(jwk)).ok).toBe(true);
  });

  it('fails with any one byte altered', () => {
    const bytes = Buffer.from(JSON.stringify(packet()));
    for (let at = 0; at < bytes.length; at++) {
      for (const bit of [1, 32]) {
        const copy = Buffer.from(bytes);
        copy[at] = (copy[at] ?? 0) ^ bit;
        const text = copy.toString('utf8');
        expect(verifyPacket(text).ok, `byte ${at}, bit ${bit}: ${text.slice(Math.max(0, at - 40), at + 40)}`).toBe(false);
      }
    }
  });

  it('names the link that was altered', () => {
    const text = altered(({ chain }) => {
      if (chain[1]) chain[1].truth = { truth: 'active', groups: [] };
    });
    expect(refusal(text)).toMatch(/link 2 \(proven\) was altered/);
  });

  it('names a link that is missing, and links that changed places', () => {
    expect(refusal(altered(({ chain }) => void chain.splice(1, 1)))).toMatch(/link 2 \(purged\) carries number 3/);
    expect(refusal(altered(({ chain }) => void chain.reverse()))).toMatch(/link 1 \(purged\) carries number 3/);
    expect(refusal(altered(({ chain }) => void chain.pop()))).toMatch(/closing does not follow from link 2/);
  });

  it('does not pass with a link made anew, since what follows holds its hash', () => {
    const text = altered(({ chain }) => {
      const first = chain[0];
      if (!first) return;
      const { hash: _hash, prev_hash, ...rest } = first;
      chain[0] = linkTo(prev_hash, one.id, { ...rest, results: [] });
    });
    expect(refusal(text)).toMatch(/link 2 \(proven\) does not follow from link 1/);
  });

  it('does not pass signed by another key than the reader expects', () => {
    expect(refusal(JSON.stringify(packet()), 'another')).toMatch(/not by another/);
  });

  it('does not pass while the case is open', () => {
    expect(refusal(JSON.stringify(packetOf(one, chainOf(), undefined)))).toMatch(/still open/);
  });
});
