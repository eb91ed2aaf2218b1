/** Counts the tokens of an answer as it passes: it parses the few events that say them, and takes the rest by their size. Changes nothing. */
import { noTokens, type Tokens } from '@gatehouse/ledger/price';
import { tokensOf } from './estimate.ts';
import type { SseEvent } from './sse.ts';

export interface Metered {
  tokens: Tokens;
  /** The model that answered, as upstream names it. */
  model: string | undefined;
  fast: boolean;
  /** Upstream said that it has finished. */
  complete: boolean;
  /** Upstream began to answer: without that nothing is charged. */
  begun: boolean;
  /** An error inside the stream, by its type. */
  error: string | undefined;
}

export interface Meter {
  see(event: SseEvent): void;
  /** Bytes of deltas that are not read: they are taken to hold as much text as those that were. */
  pass(bytes: number): void;
  /** A whole answer that is no stream. Text that is no answer counts nothing. */
  seeWhole(text: string): void;
  read(): Metered;
}

/** What a delta takes on the wire beside its data: `event: content_block_delta`, `data: `, and the line ends. */
const deltaLineBytes = 36;

export function createMeter(): Meter {
  let tokens: Tokens = noTokens;
  let model: string | undefined;
  let fast = false;
  let complete = false;
  let begun = false;
  let error: string | undefined;
  let textBytes = 0;
  let deltaBytes = 0;
  let unreadBytes = 0;

  function take(usage: unknown): void {
    if (!isRecord(usage)) return;
    tokens = tokensFrom(usage, tokens);
    if (usage.speed === 'fast') fast = true;
  }

  function start(message: unknown): void {
    if (!isRecord(message)) return;
    begun = true;
    if (typeof message.model === 'string') model = message.model;
    take(message.usage);
  }

  return {
    see({ name, data }) {
      switch (name) {
        case 'content_block_delta':
          textBytes += textBytesOf(data);
          deltaBytes += data.length + deltaLineBytes;
          return;
        case 'message_start':
          return start(parsed(data.toString('utf8')).message);
        case 'message_delta':
          return take(parsed(data.toString('utf8')).usage);
        case 'message_stop':
          complete = true;
          return;
        case 'error': {
          const said = parsed(data.toString('utf8')).error;
          error = isRecord(said) && typeof said.type === 'string' ? said.type : 'error';
        }
      }
    },
    pass(bytes) {
      unreadBytes += (bytes * textBytes) / Math.max(1, deltaBytes);
    },
    seeWhole(text) {
      const message = parsed(text);
      if (message.type !== 'message') return;
      start(message);
      complete = true;
    },
    read() {
      // Upstream says what came out at the end: an answer that breaks off is taken by what passed.
      const output = complete ? tokens.output : Math.max(tokens.output, tokensOf(textBytes + unreadBytes));
      return { tokens: { ...tokens, output }, model, fast, complete, begun, error };
    },
  };
}

const beginsText = Buffer.from('":"');
const quote = 34;

/** Of the last text inside of a delta, whatever it is called: inside of a text no quotation mark stands bare. */
function textBytesOf(delta: Buffer): number {
  const begin = delta.lastIndexOf(beginsText);
  return begin === -1 ? delta.length : Math.max(0, delta.lastIndexOf(quote) - begin - beginsText.length);
}

/** Later counts are running totals; a member that is not said again stands. */
function tokensFrom(usage: Readonly<Record<string, unknown>>, before: Tokens): Tokens {
  const written = isRecord(usage.cache_creation) ? usage.cache_creation : {};
  const long = count(written.ephemeral_1h_input_tokens) ?? before.cache_write_1h;
  const all = count(usage.cache_creation_input_tokens);
  const short = count(written.ephemeral_5m_input_tokens);
  return {
    input: count(usage.input_tokens) ?? before.input,
    output: count(usage.output_tokens) ?? before.output,
    cache_read: count(usage.cache_read_input_tokens) ?? before.cache_read,
    // What is not said to last an hour lasts five minutes.
    cache_write_5m: all === undefined ? (short ?? before.cache_write_5m) : Math.max(short ?? 0, all - long),
    cache_write_1h: long,
  };
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
