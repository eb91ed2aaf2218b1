/** Attributes as both encodings mean them, and a fingerprint of a set of them that does not know their order. They are claims: nobody's identity comes from them. */
import { hash } from 'node:crypto';

export type Scalar = string | number | boolean;

export interface Attribute {
  key: string;
  /** string, integer, double, boolean, or x for what is no scalar. */
  kind: 's' | 'i' | 'd' | 'b' | 'x';
  /** The value, one text for it in either encoding; for an x, whatever tells it from others. */
  text: string;
  /** Undefined for an x. */
  scalar: Scalar | undefined;
  /** Made when a fingerprint first asks. */
  lanes?: Lanes;
}

export type Attributes = readonly Attribute[];

/** A later attribute of the same key wins. */
export function scalarOf(attributes: Attributes, key: string): Scalar | undefined {
  for (let at = attributes.length - 1; at >= 0; at--) {
    const one = attributes[at];
    if (one !== undefined && one.key === key) return one.scalar;
  }
  return undefined;
}

export function textOf(attributes: Attributes, key: string): string | undefined {
  const value = scalarOf(attributes, key);
  return typeof value === 'string' ? value : undefined;
}

type Lanes = readonly [number, number, number, number];

/**
 * A sum over the SHA-256 of each attribute, in four lanes of 32 bits: the same set gives the same text in any order and either encoding.
 * Two sets that differ collide by chance once in 2^128.
 */
export function fingerprint(attributes: Attributes): string {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (const one of attributes) {
    one.lanes ??= lanesOf(one);
    a = (a + one.lanes[0]) | 0;
    b = (b + one.lanes[1]) | 0;
    c = (c + one.lanes[2]) | 0;
    d = (d + one.lanes[3]) | 0;
  }
  return `${a},${b},${c},${d}`;
}

/** The same few attributes stand on the points of one sender, request after request. */
const known = new Map<string, Lanes>();
const mostKnown = 8_192;
const longestKnown = 256;

function lanesOf({ key, kind, text }: Attribute): Lanes {
  const whole = `${kind}${key.length}:${key}${text}`;
  const found = known.get(whole);
  if (found) return found;
  const digest = hash('sha256', whole, 'buffer');
  const made: Lanes = [digest.readInt32LE(0), digest.readInt32LE(4), digest.readInt32LE(8), digest.readInt32LE(12)];
  if (known.size >= mostKnown) known.clear();
  if (whole.length <= longestKnown) known.set(whole, made);
  return made;
}

/** What spend is read from in a log record; its other attributes, some of them long, are not even kept. */
export const requestKeys: ReadonlySet<string> = new Set([
  'model',
  'session.id',
  'speed',
  'anthropic.provider',
  'event.name',
  'event.sequence',
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_creation_tokens',
  'cache_creation_5m_tokens',
  'cache_creation_1h_tokens',
  'cost_usd_micros',
  'request_id',
]);
