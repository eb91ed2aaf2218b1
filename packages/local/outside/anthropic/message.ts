/** Composes the model's answer to a request, as a script wants it, and takes it apart into the events of a stream. No pace, no wire. */
import { isRecord } from '../http.ts';
import type { Script } from './script.ts';
import { taggedId } from './state.ts';
import { type PromptUsage, tokensIn } from './tokens.ts';

export type Block =
  | { type: 'text'; text: string }
  | { type: 'thinking'; thinking: string; signature: string }
  | { type: 'tool_use'; id: string; name: string; input: Readonly<Record<string, unknown>> };

export interface Usage {
  input_tokens: number;
  cache_creation_input_tokens: number;
  cache_read_input_tokens: number;
  cache_creation: { ephemeral_5m_input_tokens: number; ephemeral_1h_input_tokens: number };
  output_tokens: number;
  service_tier: 'standard';
}

export interface Message {
  id: string;
  type: 'message';
  role: 'assistant';
  model: string;
  content: Block[];
  stop_reason: string;
  stop_sequence: string | null;
  usage: Usage;
}

export type StreamEvent = { type: string } & Readonly<Record<string, unknown>>;
type Request = Readonly<Record<string, unknown>>;

const sentence = 'The quick brown fox jumps over the lazy dog, and the build is green again. ';

/** @param idPrefix `msg_`, or Bedrock's `msg_bdrk_`. */
export function compose(request: Request, model: string, script: Script, prompt: PromptUsage, idPrefix: string): Message {
  const content: Block[] = [];
  const isThinking = isRecord(request.thinking) && (request.thinking.type === 'enabled' || request.thinking.type === 'adaptive');
  if (isThinking && script.thinking !== undefined)
    content.push({
      type: 'thinking',
      thinking: script.thinking,
      signature: Buffer.from(`signed:${script.thinking.length}`).toString('base64'),
    });
  const tools = script.tools ?? forcedTool(request);
  const limit = typeof request.max_tokens === 'number' ? request.max_tokens : Number.POSITIVE_INFINITY;
  const spoken = sayable(textOf(request, script, tools.length > 0), limit, listOf(request.stop_sequences));
  if (spoken.text !== '') content.push({ type: 'text', text: spoken.text });
  const stopped = spoken.stop !== undefined;
  if (!stopped) for (const { name, input } of tools) content.push({ type: 'tool_use', id: taggedId('toolu'), name, input });
  const usage = usageOf(script, prompt, content);
  return {
    id: taggedId('msg').replace('msg_', idPrefix),
    type: 'message',
    role: 'assistant',
    model,
    content,
    stop_reason: script.stop_reason ?? spoken.stop?.reason ?? (tools.length > 0 ? 'tool_use' : 'end_turn'),
    stop_sequence: spoken.stop?.sequence ?? null,
    usage,
  };
}

function usageOf({ usage: told = {} }: Script, prompt: PromptUsage, content: readonly Block[]): Usage {
  const written5m = told.cache_write_5m_tokens ?? prompt.cache_write_5m_tokens;
  const written1h = told.cache_write_1h_tokens ?? prompt.cache_write_1h_tokens;
  return {
    input_tokens: told.input_tokens ?? prompt.input_tokens,
    cache_creation_input_tokens: written5m + written1h,
    cache_read_input_tokens: told.cache_read_input_tokens ?? prompt.cache_read_input_tokens,
    cache_creation: { ephemeral_5m_input_tokens: written5m, ephemeral_1h_input_tokens: written1h },
    output_tokens: told.output_tokens ?? content.reduce((sum, block) => sum + tokensIn(spokenBy(block)), 0),
    service_tier: 'standard',
  };
}

function spokenBy(block: Block): string {
  if (block.type === 'text') return block.text;
  return block.type === 'thinking' ? block.thinking : JSON.stringify(block.input);
}

function textOf(request: Request, script: Script, callsTools: boolean): string {
  if (script.tokens !== undefined) return sentence.repeat(Math.ceil((script.tokens * 4) / sentence.length)).slice(0, script.tokens * 4);
  if (script.text !== undefined) return script.text;
  const format = isRecord(request.output_config) ? request.output_config.format : undefined;
  if (isRecord(format) && isRecord(format.schema)) return JSON.stringify(exampleOf(format.schema));
  return callsTools
    ? ''
    : 'Hello! This is the model of the embedded stack. It answers everybody alike, and it is metered as a real one is.';
}

/** The text up to the request's own stop, or to its limit of tokens. */
function sayable(
  text: string,
  limit: number,
  stops: readonly unknown[],
): { text: string; stop?: { reason: 'stop_sequence' | 'max_tokens'; sequence?: string } } {
  let end = text.length;
  let sequence: string | undefined;
  for (const stop of stops) {
    const at = typeof stop === 'string' && stop !== '' ? text.indexOf(stop) : -1;
    if (at !== -1 && at < end) {
      end = at;
      sequence = String(stop);
    }
  }
  if (end > limit * 4) return { text: text.slice(0, limit * 4), stop: { reason: 'max_tokens' } };
  return sequence === undefined ? { text } : { text: text.slice(0, end), stop: { reason: 'stop_sequence', sequence } };
}

/** A request that insists on a tool gets it called, with the least input that its schema takes. */
function forcedTool(request: Request): { name: string; input: Record<string, unknown> }[] {
  const choice = request.tool_choice;
  if (!isRecord(choice) || (choice.type !== 'any' && choice.type !== 'tool')) return [];
  const tool = listOf(request.tools).find((one) => isRecord(one) && (choice.type === 'any' || one.name === choice.name));
  if (!isRecord(tool) || typeof tool.name !== 'string') return [];
  const input = isRecord(tool.input_schema) ? exampleOf(tool.input_schema) : {};
  return [{ name: tool.name, input: isRecord(input) ? input : {} }];
}

function exampleOf(schema: Readonly<Record<string, unknown>>): unknown {
  if (Array.isArray(schema.enum)) return schema.enum[0];
  if (schema.type === 'object' || isRecord(schema.properties)) {
    const properties = isRecord(schema.properties) ? schema.properties : {};
    const wanted = Array.isArray(schema.required) ? schema.required : [];
    return Object.fromEntries(
      wanted.map((name) => {
        const property = properties[String(name)];
        return [String(name), isRecord(property) ? exampleOf(property) : 'example'];
      }),
    );
  }
  if (schema.type === 'array') return isRecord(schema.items) ? [exampleOf(schema.items)] : [];
  if (schema.type === 'integer' || schema.type === 'number') return 1;
  return schema.type === 'boolean' ? true : 'example';
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** How many deltas `eventsOf` will yield. */
export function countDeltas(message: Message, chunkChars: number): number {
  return message.content.reduce(
    (sum, block) => sum + Math.ceil(spokenBy(block).length / chunkChars) + (block.type === 'thinking' ? 1 : 0),
    0,
  );
}

/** The stream of a message: usage known so far at the start, all of it, cumulative, in `message_delta`. */
export function* eventsOf(message: Message, chunkChars: number): Generator<StreamEvent> {
  const { usage, stop_reason, stop_sequence } = message;
  yield {
    type: 'message_start',
    message: { ...message, content: [], stop_reason: null, stop_sequence: null, usage: { ...usage, output_tokens: 1 } },
  };
  for (const [index, block] of message.content.entries()) {
    yield { type: 'content_block_start', index, content_block: opened(block) };
    if (index === 0) yield { type: 'ping' };
    const spoken = spokenBy(block);
    for (let at = 0; at < spoken.length; at += chunkChars)
      yield { type: 'content_block_delta', index, delta: deltaOf(block, spoken.slice(at, at + chunkChars)) };
    if (block.type === 'thinking')
      yield { type: 'content_block_delta', index, delta: { type: 'signature_delta', signature: block.signature } };
    yield { type: 'content_block_stop', index };
  }
  const { cache_creation: _, service_tier: __, ...counts } = usage;
  yield { type: 'message_delta', delta: { stop_reason, stop_sequence }, usage: counts };
  yield { type: 'message_stop' };
}

function opened(block: Block): Record<string, unknown> {
  if (block.type === 'text') return { type: 'text', text: '' };
  if (block.type === 'thinking') return { type: 'thinking', thinking: '', signature: '' };
  return { ...block, input: {} };
}

function deltaOf(block: Block, piece: string): Record<string, unknown> {
  if (block.type === 'text') return { type: 'text_delta', text: piece };
  return block.type === 'thinking' ? { type: 'thinking_delta', thinking: piece } : { type: 'input_json_delta', partial_json: piece };
}
