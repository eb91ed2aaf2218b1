/**
 * A chat completion request as a Messages request (API version 2023-06-01). What changes the answer's shape and cannot be carried is refused with a
 * sentence; hints that only tune it (seed, penalties, verbosity, prediction, service tier, store, user) are left behind.
 */
import { ok, type Result, refuse } from '@gatehouse/core/result';
import { modelName } from '@gatehouse/rules/models';
import { ChatRequest } from './chat-request.ts';

export interface NotTranslatable {
  reason: 'not_translatable';
  /** Names the field. */
  detail: string;
}

export interface Translated {
  /** The Messages request. */
  body: Record<string, unknown>;
  stream: boolean;
  /** The client wants usage as the last chunk of a stream. */
  includeUsage: boolean;
}

type Block = Readonly<Record<string, unknown>>;
type ChatMessage = ChatRequest['messages'][number];
type Part = Exclude<Extract<ChatMessage, { role: 'user' }>['content'], string>[number];

/** Thrown inside of this file only: a field deep inside that has no counterpart. */
class Untranslatable extends Error {}

/** @param defaultMaxTokens where the client sets no limit: the Messages API insists on one. */
export function toMessages(request: unknown, { defaultMaxTokens }: { defaultMaxTokens: number }): Result<Translated, NotTranslatable> {
  const parsed = ChatRequest.safeParse(request);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return refuse({
      reason: 'not_translatable',
      detail: `${issue?.path.join('.') || 'The body'}: ${issue?.message ?? 'cannot be carried over'}`,
    });
  }
  const chat = parsed.data;
  try {
    return ok({
      body: {
        model: chat.model,
        max_tokens: chat.max_completion_tokens ?? chat.max_tokens ?? defaultMaxTokens,
        ...promptOf(chat.messages),
        ...toolsOf(chat),
        ...tuningOf(chat),
        ...(chat.stream && { stream: true }),
      },
      stream: chat.stream ?? false,
      includeUsage: chat.stream_options?.include_usage ?? false,
    });
  } catch (error) {
    if (error instanceof Untranslatable) return refuse({ reason: 'not_translatable', detail: error.message });
    throw error;
  }
}

/** System and developer messages come first whatever their place; neighbours of one role become one message. */
function promptOf(messages: readonly ChatMessage[]): Block {
  const system: Block[] = [];
  const turns: { role: 'user' | 'assistant'; content: Block[] }[] = [];
  for (const [index, message] of messages.entries()) {
    if (message.role === 'system' || message.role === 'developer') {
      system.push(...blocksOf(message.content, index));
      continue;
    }
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    const content = turnOf(message, index);
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...content);
    else if (content.length > 0) turns.push({ role, content });
  }
  if (turns.length === 0) throw new Untranslatable('messages: at least one says something');
  return { ...(system.length > 0 && { system }), messages: turns };
}

function turnOf(message: Exclude<ChatMessage, { role: 'system' | 'developer' }>, index: number): Block[] {
  switch (message.role) {
    case 'user':
      return blocksOf(message.content, index);
    case 'tool':
      return [{ type: 'tool_result', tool_use_id: message.tool_call_id, content: blocksOf(message.content, index) }];
    case 'assistant':
      return [...blocksOf(message.content ?? '', index), ...(message.tool_calls ?? []).map((call) => toolUse(call, index))];
  }
}

function toolUse(call: { id: string; function: { name: string; arguments: string } }, index: number): Block {
  return { type: 'tool_use', id: call.id, name: call.function.name, input: parseArguments(call.function.arguments, index) };
}

function parseArguments(text: string, index: number): unknown {
  if (text.trim() === '') return {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  } catch {
    // Told below, as for JSON that is no object.
  }
  throw new Untranslatable(`messages.${index}.tool_calls: the arguments of a call are a JSON object`);
}

/** The Messages API refuses empty text. */
function blocksOf(content: string | readonly (Part | { type: 'refusal'; refusal: string })[], index: number): Block[] {
  const parts = typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content;
  return parts.flatMap((part): Block[] => {
    if (part.type === 'refusal') return part.refusal === '' ? [] : [{ type: 'text', text: part.refusal }];
    const cached = part.cache_control ? { cache_control: part.cache_control } : {};
    if (part.type === 'text') return part.text === '' ? [] : [{ type: 'text', text: part.text, ...cached }];
    if (part.type === 'image_url') return [{ type: 'image', source: imageOf(part.image_url.url, index), ...cached }];
    return [{ type: 'document', source: documentOf(part.file.file_data, index), ...cached }];
  });
}

const pictures = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

function imageOf(url: string, index: number): Block {
  if (url.startsWith('https://')) return { type: 'url', url };
  const data = readDataUrl(url);
  if (!data || !pictures.includes(data.type))
    throw new Untranslatable(`messages.${index}: a picture is a data URL in base64 of ${pictures.join(', ')}`);
  return { type: 'base64', media_type: data.type, data: data.base64 };
}

function documentOf(fileData: string, index: number): Block {
  const data = readDataUrl(fileData);
  if (data?.type !== 'application/pdf') throw new Untranslatable(`messages.${index}: a file is a data URL in base64 of application/pdf`);
  return { type: 'base64', media_type: data.type, data: data.base64 };
}

function readDataUrl(url: string): { type: string; base64: string } | undefined {
  const comma = url.indexOf(',');
  const head = comma === -1 ? undefined : /^data:([a-z0-9.+/-]+);base64$/i.exec(url.slice(0, comma));
  return head?.[1] === undefined ? undefined : { type: head[1].toLowerCase(), base64: url.slice(comma + 1) };
}

function toolsOf(chat: ChatRequest): Block {
  const tools = (chat.tools ?? []).map(({ function: { name, description, parameters, strict }, cache_control: cached }) => ({
    name,
    ...(description && { description }),
    input_schema: parameters ?? { type: 'object', properties: {} },
    ...(strict && { strict }),
    ...(cached ? { cache_control: cached } : {}),
  }));
  if (tools.length === 0) return {};
  const choice = choiceOf(chat);
  return { tools, ...(choice && { tool_choice: choice }) };
}

function choiceOf({ tool_choice: wanted, parallel_tool_calls: parallel }: ChatRequest): Block | undefined {
  if (wanted === 'none') return { type: 'none' };
  const alone = parallel === false ? { disable_parallel_tool_use: true } : {};
  if (wanted === 'required') return { type: 'any', ...alone };
  if (typeof wanted === 'object' && wanted !== null) return { type: 'tool', name: wanted.function.name, ...alone };
  return wanted === 'auto' || parallel === false ? { type: 'auto', ...alone } : undefined;
}

const efforts = { none: undefined, minimal: 'low', low: 'low', medium: 'medium', high: 'high', xhigh: 'xhigh' } as const;

/**
 * Sampling goes to the models that still take it, effort to those that came after; one of temperature and top_p, since both together are refused.
 * OpenAI's temperature ends at 2, ours at 1.
 */
function tuningOf(chat: ChatRequest): Block {
  const { temperature, top_p: topP, stop, response_format: format } = chat;
  const sampled = takesSampling(chat.model);
  const effort = sampled ? undefined : efforts[chat.reasoning_effort ?? 'none'];
  const schema = format?.type === 'json_schema' ? { format: { type: 'json_schema', schema: format.json_schema.schema } } : undefined;
  const output = { ...schema, ...(effort && { effort }) };
  const stops = typeof stop === 'string' ? [stop] : (stop ?? []);
  return {
    ...(sampled && typeof temperature === 'number' && { temperature: Math.min(1, temperature) }),
    ...(sampled && typeof temperature !== 'number' && typeof topP === 'number' && { top_p: topP }),
    ...(stops.length > 0 && { stop_sequences: stops }),
    ...(Object.keys(output).length > 0 && { output_config: output }),
  };
}

/** Models up to 4.6; later ones refuse anything but the default. */
function takesSampling(model: string): boolean {
  return /^claude-(?:3-|(?:opus|sonnet|haiku)-4(?:-[0-6])?$)/.test(modelName(model).name);
}
