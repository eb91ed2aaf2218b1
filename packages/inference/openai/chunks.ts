/** The events of a Messages stream as the chunks of a chat completion, one by one as they come. Keeps nothing but counts. */
import type { SseEvent } from '../sse.ts';
import { chatUsage, finishReason, isFields } from './completion.ts';
import { openAiError } from './errors.ts';

export interface ChunkWriter {
  /** What an event becomes on the wire; empty for those that the format has nothing for. */
  write(event: SseEvent): string;
  /** An error of our own making, in the middle of the stream: the last thing that a client reads. */
  fail(error: { type: string; message: string }): string;
}

/** A comment: every reader of server-sent events passes over it. */
export const keepAlive = ': ping\n\n';

type Fields = Readonly<Record<string, unknown>>;

/** @param created Unix seconds. @param includeUsage as the client's `stream_options` has it. */
export function createChunkWriter({ created, includeUsage }: { created: number; includeUsage: boolean }): ChunkWriter {
  let id: unknown = '';
  let model: unknown = '';
  let usage: Fields = {};
  let calls = 0;
  /** The open tool call's, and whether any of it has come. */
  let argumentsSeen: boolean | undefined;

  function chunk(choices: readonly Fields[], more: Fields = includeUsage ? { usage: null } : {}): string {
    return line({ id, object: 'chat.completion.chunk', created, model, choices, ...more });
  }
  function delta(content: Fields, finish: string | null = null): string {
    return chunk([{ index: 0, delta: content, logprobs: null, finish_reason: finish }]);
  }
  function callDelta(call: Fields): string {
    return delta({ tool_calls: [{ index: calls - 1, ...call }] });
  }

  function start({ message }: Fields): string {
    if (!isFields(message)) return '';
    ({ id, model } = message);
    if (isFields(message.usage)) usage = message.usage;
    return delta({ role: 'assistant', content: '', refusal: null });
  }

  function open({ content_block: block }: Fields): string {
    if (!isFields(block)) return '';
    if (block.type === 'text') return typeof block.text === 'string' && block.text !== '' ? delta({ content: block.text }) : '';
    if (block.type !== 'tool_use') return '';
    calls += 1;
    argumentsSeen = false;
    return callDelta({ id: block.id, type: 'function', function: { name: block.name, arguments: '' } });
  }

  function add({ delta: piece }: Fields): string {
    if (!isFields(piece)) return '';
    if (piece.type === 'text_delta') return delta({ content: piece.text });
    if (piece.type !== 'input_json_delta' || argumentsSeen === undefined || piece.partial_json === '') return '';
    argumentsSeen = true;
    return callDelta({ function: { arguments: piece.partial_json } });
  }

  /** A call without arguments streams none, but clients parse what they got: an empty object it is. */
  function close(): string {
    const isEmpty = argumentsSeen === false;
    argumentsSeen = undefined;
    return isEmpty ? callDelta({ function: { arguments: '{}' } }) : '';
  }

  function finish({ delta: end, usage: counted }: Fields): string {
    if (isFields(counted)) usage = { ...usage, ...known(counted) };
    return isFields(end) ? delta({}, finishReason(end.stop_reason)) : '';
  }

  function stop(): string {
    return `${includeUsage ? chunk([], { usage: chatUsage(usage) }) : ''}data: [DONE]\n\n`;
  }

  function fail(error: { type: string; message: string }): string {
    return line({ error: openAiError(error).error });
  }

  function write({ name, data }: SseEvent): string {
    const event = name === 'ping' ? {} : parse(data);
    switch (name) {
      case 'message_start':
        return start(event);
      case 'content_block_start':
        return open(event);
      case 'content_block_delta':
        return add(event);
      case 'content_block_stop':
        return close();
      case 'message_delta':
        return finish(event);
      case 'message_stop':
        return stop();
      case 'error':
        return fail(errorOf(event));
      case 'ping':
        return keepAlive;
      default:
        return '';
    }
  }
  return { write, fail };
}

function line(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

/** Later counts replace earlier ones, but a count left out or null leaves the earlier one as it is. */
function known(counts: Fields): Fields {
  return Object.fromEntries(Object.entries(counts).filter(([, value]) => value !== null && value !== undefined));
}

function errorOf({ error }: Fields): { type: string; message: string } {
  if (!isFields(error)) return { type: 'api_error', message: 'The stream ended with an error' };
  return { type: String(error.type), message: String(error.message) };
}

function parse(data: Buffer): Fields {
  try {
    const parsed: unknown = JSON.parse(data.toString('utf8'));
    return isFields(parsed) ? parsed : {};
  } catch {
    return {};
  }
}
