/** The formats that clients speak, each as the gateway reads, sends and answers it. Nothing here is sent or decided. */
import type { InferenceConfig } from '@gatehouse/core/inference-profile';
import type { Result } from '@gatehouse/core/result';
import { type Ask, type BadAsk, readAsk } from './ask.ts';
import { bedrockError } from './bedrock/errors.ts';
import { bedrockAsMessagesFrame, bedrockFrame, type Frame, messagesFrame, wholeFrame } from './frame.ts';
import type { Meter } from './meter.ts';
import type { NotTranslatable } from './openai/to-messages.ts';
import { bedrockDraft, type Draft, invokeDraft, messagesDraft } from './tier.ts';

/** An error as a client of the format understands it. */
export interface FormatError {
  status: number;
  headers: Record<string, string>;
  body: Readonly<Record<string, unknown>>;
}

export interface Format {
  /** As people call it. */
  name: string;
  /** The body in the client's words as what the gateway must know. */
  read(bytes: Buffer): Result<Ask, BadAsk | NotTranslatable>;
  /** One for each tier that can do it, in their order. */
  drafts(ask: Ask, bytes: Buffer): readonly Draft[];
  frame(meter: Meter, ask: Ask, draft: Draft): Frame;
  /** The content type of a streamed answer. */
  streamType: string;
  error(error: { status: number; type: string; message: string; requestId: string }): FormatError;
  /** Bedrock's own headers are for clients that speak Bedrock. */
  keepAmazon: boolean;
}

/** What a request brings besides its body. */
export interface Envelope {
  /** Those that pass, as `towardsUpstream` leaves them. */
  headers: Readonly<Record<string, string>>;
  /** `?beta=true`; empty where there is none. */
  search: string;
  ownRegion: string;
}

/** Anthropic's Messages API. @param unnamed the model of a body that names none. */
export function messagesFormat({ upstreams }: InferenceConfig, envelope: Envelope, unnamed?: string): Format {
  return {
    name: 'the Messages API',
    read: (bytes) => {
      const read = readAsk(bytes);
      return read.ok || read.refusal.reason !== 'no_model' || unnamed === undefined ? read : readAsk(bytes, { model: unnamed });
    },
    drafts: (ask, bytes) => {
      const body = ask.body.model === undefined ? Buffer.from(JSON.stringify({ ...ask.body, model: ask.model })) : bytes;
      const asked = { act: 'messages', ask, bytes: body, ...envelope } as const;
      return upstreams.map((upstream) =>
        upstream.kind === 'bedrock'
          ? bedrockDraft(upstream, asked, envelope.ownRegion)
          : messagesDraft(upstream, asked, envelope.ownRegion),
      );
    },
    frame: (meter, { stream }, { framing }) => {
      if (!stream) return wholeFrame(meter);
      return framing === 'events' ? messagesFrame(meter) : bedrockAsMessagesFrame(meter);
    },
    streamType: 'text/event-stream; charset=utf-8',
    error: ({ status, type, message, requestId }) => ({
      status,
      headers: {},
      body: { type: 'error', error: { type, message }, request_id: requestId },
    }),
    keepAmazon: false,
  };
}

/** Bedrock's InvokeModel, which goes to Bedrock and nowhere else. @param id as the path names the model. */
export function bedrockFormat(
  { upstreams }: InferenceConfig,
  { ownRegion }: Envelope,
  { id, stream }: { id: string; stream: boolean },
): Format {
  return {
    name: "Bedrock's format",
    read: (bytes) => readAsk(bytes, { model: id, stream }),
    drafts: (_ask, bytes) =>
      upstreams.flatMap((upstream) => (upstream.kind === 'bedrock' ? [invokeDraft(upstream, { id, body: bytes, stream }, ownRegion)] : [])),
    frame: (meter) => (stream ? bedrockFrame(meter) : wholeFrame(meter)),
    streamType: 'application/vnd.amazon.eventstream',
    error: ({ type, message }) => {
      const { status, name, message: said } = bedrockError({ type, message });
      return { status, headers: { 'x-amzn-errortype': name }, body: { message: said } };
    },
    keepAmazon: true,
  };
}
