/** The checksums of S3 objects, base64 as S3 spells them. It trusts no sender: whoever gives one has it compared. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

export const algorithms = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const;
export type Algorithm = (typeof algorithms)[number];

/** Computed part by part, so that a large object is never in memory. */
export interface Checksum {
  update(bytes: Uint8Array): void;
  /** Base64. */
  digest(): string;
}

export function startChecksum(algorithm: Algorithm): Checksum {
  switch (algorithm) {
    case 'SHA1':
    case 'SHA256': {
      const hash = createHash(algorithm.toLowerCase());
      return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('base64') };
    }
    case 'CRC32': {
      let value = 0;
      return {
        update: (bytes) => {
          value = crc32(bytes, value);
        },
        digest: () => big(value),
      };
    }
    case 'CRC32C':
      return tabled(castagnoli, ({ low }) => big(low));
    case 'CRC64NVME':
      return tabled(nvme, ({ high, low }) =>
        Buffer.concat([Buffer.from(big(high), 'base64'), Buffer.from(big(low), 'base64')]).toString('base64'),
      );
  }
}

export function checksumOf(algorithm: Algorithm, bytes: Uint8Array): string {
  const checksum = startChecksum(algorithm);
  checksum.update(bytes);
  return checksum.digest();
}

function big(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes.toString('base64');
}

interface Halves {
  high: number;
  low: number;
}

/** Reflected polynomials. CRC-32C lives in the low half alone. */
const castagnoli: Halves = { high: 0, low: 0x82f63b78 };
const nvme: Halves = { high: 0x9a6c9329, low: 0xac4bc9b5 };

function tabled(polynomial: Halves, spell: (halves: Halves) => string): Checksum {
  const [highs, lows] = tableOf(polynomial);
  const ones = polynomial.high === 0 ? 0 : -1;
  let [high, low] = [ones, -1];
  return {
    update(bytes) {
      for (const byte of bytes) {
        const index = (low ^ byte) & 0xff;
        low = ((low >>> 8) | (high << 24)) ^ (lows[index] ?? 0);
        high = (high >>> 8) ^ (highs[index] ?? 0);
      }
    },
    digest: () => spell({ high: high ^ ones, low: ~low }),
  };
}

function tableOf(polynomial: Halves): [Uint32Array, Uint32Array] {
  const [highs, lows] = [new Uint32Array(256), new Uint32Array(256)];
  for (let index = 0; index < 256; index++) {
    let [high, low] = [0, index];
    for (let bit = 0; bit < 8; bit++) {
      const odd = low & 1;
      low = ((low >>> 1) | (high << 31)) ^ (odd ? polynomial.low : 0);
      high = (high >>> 1) ^ (odd ? polynomial.high : 0);
    }
    highs[index] = high;
    lows[index] = low;
  }
  return [highs, lows];
}
