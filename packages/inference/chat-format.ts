/** OpenAI chat completions, which go to the models as Messages and come back as completions. The translation itself is in `openai/`. */
import type { InferenceConfig } from '@gatehouse/core/inference-profile';
import { ok, refuse } from '@gatehouse/core/result';
import { type Ask, readAsk } from './ask.ts';
import { createBedrockReader } from './bedrock/stream.ts';
import { type Envelope, type Format, messagesFormat } from './format.ts';
import { type Frame, messagesFrame, wholeFrame } from './frame.ts';
import type { Meter } from './meter.ts';
import { createChunkWriter, keepAlive } from './openai/chunks.ts';
import { isFields, toCompletion } from './openai/completion.ts';
import { openAiError } from './openai/errors.ts';
import { toMessages } from './openai/to-messages.ts';
import { createSseScanner } from './sse.ts';
import type { Draft } from './tier.ts';

/** Clients of this format seldom say how much they want, and the Messages API insists on a limit. */
const defaultMaxTokens = 8_192;

/** @param created seconds since the epoch. */
export function chatFormat(config: InferenceConfig, envelope: Envelope, created: number): Format {
  const messages = messagesFormat(config, { ...envelope, search: '' });
  let includeUsage = false;
  return {
    ...messages,
    name: 'chat completions',
    read: (bytes) => {
      const parsed = parsedOf(bytes);
      if (parsed === undefined) return refuse({ reason: 'not_json', detail: bytes.length === 0 ? 'it is empty' : 'it is no JSON' });
      const translated = toMessages(parsed, { defaultMaxTokens });
      if (!translated.ok) return translated;
      includeUsage = translated.value.includeUsage;
      const ask = readAsk(Buffer.from(JSON.stringify(translated.value.body)));
      return ask.ok ? ok(ask.value) : ask;
    },
    drafts: (ask) => messages.drafts(ask, Buffer.from(JSON.stringify(ask.body))),
    frame: (meter, { stream }: Ask, draft) => (stream ? chunksFrame(meter, draft, created, includeUsage) : completionFrame(meter, created)),
    error: ({ type, message }) => {
      const { status, error } = openAiError({ type, message });
      return { status, headers: {}, body: { error } };
    },
  };
}

function chunksFrame(meter: Meter, { framing }: Draft, created: number, includeUsage: boolean): Frame {
  const reader = framing === 'events' ? createSseScanner() : createBedrockReader();
  const writer = createChunkWriter({ created, includeUsage });
  return {
    ...messagesFrame(meter),
    push(chunk) {
      let text = '';
      for (const event of reader.push(chunk)) {
        meter.see(event);
        text += writer.write(event);
      }
      return Buffer.from(text);
    },
    ping: () => Buffer.from(keepAlive),
    error: (error) => Buffer.from(writer.fail(error)),
  };
}

const none = Buffer.alloc(0);

/** Translated when it is whole; white space keeps the connection until then. */
function completionFrame(meter: Meter, created: number): Frame {
  const pieces: Buffer[] = [];
  return {
    ...wholeFrame(meter),
    push(chunk) {
      pieces.push(chunk);
      return none;
    },
    ping: () => Buffer.from('\n'),
    end() {
      const text = Buffer.concat(pieces).toString('utf8');
      meter.seeWhole(text);
      const message: unknown = JSON.parse(text);
      if (!isFields(message)) throw new TypeError('Upstream answered with JSON that is no message');
      return Buffer.from(JSON.stringify(toCompletion(message, created)));
    },
  };
}

function parsedOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
