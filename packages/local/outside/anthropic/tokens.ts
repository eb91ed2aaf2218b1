/** Counts tokens about as the vendors do, and remembers cached prompt prefixes for as long as they do. Exact in nothing but its repeatability. */
import { createHash } from 'node:crypto';
import { isRecord } from '../http.ts';

export interface PromptUsage {
  input_tokens: number;
  cache_read_input_tokens: number;
  cache_write_5m_tokens: number;
  cache_write_1h_tokens: number;
}

export type PromptCache = (model: string, request: Readonly<Record<string, unknown>>) => PromptUsage;

const charactersPerToken = 4;
/** Shorter prefixes are not cached, whatever the request says. */
const smallestPrefix = 1024;
const minutes5 = 5 * 60_000;
const hour = 60 * 60_000;

export function tokensIn(text: string): number {
  return Math.ceil(text.length / charactersPerToken);
}

/** What `count_tokens` answers: the whole prompt, cached or not. */
export function promptTokens(request: Readonly<Record<string, unknown>>): number {
  return piecesOf(request).reduce((sum, piece) => sum + piece.tokens, 0);
}

interface Piece {
  text: string;
  tokens: number;
  /** The prefix up to here is to be cached for so long. */
  keepMs?: number;
}

/** A prefix lives 5 minutes or an hour past its last use, in stack time. */
export function createPromptCache(now: () => number): PromptCache {
  const kept = new Map<string, { until: number; keepMs: number }>();
  return (model, request) => {
    const hash = createHash('sha256').update(model);
    const used: PromptUsage = { input_tokens: 0, cache_read_input_tokens: 0, cache_write_5m_tokens: 0, cache_write_1h_tokens: 0 };
    const breakpoints: { key: string; total: number; keepMs: number }[] = [];
    let total = 0;
    for (const piece of piecesOf(request)) {
      hash.update(piece.text);
      total += piece.tokens;
      if (piece.keepMs !== undefined && total >= smallestPrefix)
        breakpoints.push({ key: hash.copy().digest('hex'), total, keepMs: piece.keepMs });
    }
    let counted = 0;
    for (const { key, total: upTo, keepMs } of breakpoints) {
      const entry = kept.get(key);
      const fresh = entry !== undefined && entry.until > now();
      const tokens = upTo - counted;
      if (fresh) used.cache_read_input_tokens += tokens;
      else if (keepMs === hour) used.cache_write_1h_tokens += tokens;
      else used.cache_write_5m_tokens += tokens;
      const keep = fresh ? entry.keepMs : keepMs;
      kept.set(key, { until: now() + keep, keepMs: keep });
      counted = upTo;
    }
    used.input_tokens = total - counted;
    return used;
  };
}

/** In the order in which the vendors cache: tools, system, messages. */
function piecesOf(request: Readonly<Record<string, unknown>>): Piece[] {
  const pieces = listOf(request.tools).map(pieceOf);
  for (const block of blocksOf(request.system)) pieces.push(pieceOf(block));
  for (const message of listOf(request.messages)) {
    if (!isRecord(message)) continue;
    for (const block of blocksOf(message.content)) pieces.push(pieceOf(block));
  }
  const last = pieces.at(-1);
  if (last && isRecord(request.cache_control)) last.keepMs = keepOf(request.cache_control);
  return pieces;
}

function pieceOf(block: unknown): Piece {
  if (!isRecord(block)) return { text: String(block), tokens: tokensIn(String(block)) };
  const { cache_control: control, ...content } = block;
  const text = typeof content.text === 'string' ? content.text : JSON.stringify(content);
  return { text, tokens: imageTokens(content) ?? tokensIn(text), ...(isRecord(control) && { keepMs: keepOf(control) }) };
}

/** Pictures cost by their size in pixels, which nobody measures here. */
function imageTokens(block: Readonly<Record<string, unknown>>): number | undefined {
  return block.type === 'image' ? 1500 : undefined;
}

function keepOf(control: Readonly<Record<string, unknown>>): number {
  return control.ttl === '1h' ? hour : minutes5;
}

function blocksOf(content: unknown): readonly unknown[] {
  return typeof content === 'string' ? [content] : listOf(content);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
