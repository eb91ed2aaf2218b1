import { describe, expect, it } from 'vitest';
import { linkTo } from './chain.ts';
import { chainOf, jwk, one, packet } from './packet.fixture.ts';
import { type Packet, packetOf } from './packet.ts';
import { thumbprint } from './signature.ts';
import { verifyPacket } from './verify.ts';

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
