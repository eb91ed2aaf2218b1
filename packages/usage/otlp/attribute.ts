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
  /** Of texts, what an array holds; read for few keys only. */
  list?: readonly string[];
  /** Made when a survey first asks. */
  mark?: Mark;
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

/** What spend is read from in a point. */
const questions = ['model', 'session.id', 'anthropic.provider', 'speed', 'type', 'otel.metric.overflow'] as const;

/** An attribute's part in a fingerprint, and which question it answers; -1 for none. */
interface Mark {
  a: number;
  b: number;
  c: number;
  d: number;
  question: number;
}

/** Attributes in one pass. A later attribute of the same key wins. */
export interface Survey {
  /**
   * A sum over the SHA-256 of each attribute, in four lanes of 32 bits: the same set gives the same sum in any order and either encoding.
   * Two sets that differ collide by chance once in 2^128.
   */
  a: number;
  b: number;
  c: number;
  d: number;
  model: Attribute | undefined;
  session: Attribute | undefined;
  provider: Attribute | undefined;
  speed: Attribute | undefined;
  type: Attribute | undefined;
  overflow: Attribute | undefined;
}

export function survey(attributes: Attributes): Survey {
  let [a, b, c, d] = [0, 0, 0, 0];
  let model: Attribute | undefined;
  let session: Attribute | undefined;
  let provider: Attribute | undefined;
  let speed: Attribute | undefined;
  let type: Attribute | undefined;
  let overflow: Attribute | undefined;
  for (let at = 0; at < attributes.length; at++) {
    const one = attributes[at]!;
    one.mark ??= markOf(one);
    const { mark } = one;
    a = (a + mark.a) | 0;
    b = (b + mark.b) | 0;
    c = (c + mark.c) | 0;
    d = (d + mark.d) | 0;
    switch (mark.question) {
      case 0:
        model = one;
        break;
      case 1:
        session = one;
        break;
      case 2:
        provider = one;
        break;
      case 3:
        speed = one;
        break;
      case 4:
        type = one;
        break;
      case 5:
        overflow = one;
        break;
    }
  }
  return { a, b, c, d, model, session, provider, speed, type, overflow };
}

/** The same few attributes stand on the points of one sender, request after request. */
const known = new Map<string, Mark>();
const mostKnown = 8_192;
const longestKnown = 256;

function markOf({ key, kind, text }: Attribute): Mark {
  const whole = `${kind}${key.length}:${key}${text}`;
  const found = known.get(whole);
  if (found) return found;
  const digest = hash('sha256', whole, 'buffer');
  const [a, b, c, d] = [digest.readInt32LE(0), digest.readInt32LE(4), digest.readInt32LE(8), digest.readInt32LE(12)];
  const made = { a, b, c, d, question: questions.indexOf(key as (typeof questions)[number]) };
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
  'cost_usd',
  'request_id',
  'managed_settings.trigger',
  'managed_settings.sources',
  'managed_settings.helper.state',
]);
