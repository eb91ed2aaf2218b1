/** What a key is for: models, chat completions and messages. Tiny answers that repeat what was said; no model is asked. */
import { randomUUID } from 'node:crypto';
import { type Answer, type Call, isRecord } from '../http.ts';
import { proxyError } from './refusals.ts';
import type { Caller } from './replicas.ts';

const offeredModels: readonly string[] = ['claude-opus-4-8', 'claude-sonnet-5', 'claude-haiku-4-5'];

export function listModels(caller: Caller): Answer {
  const allowed = allowedModels(caller);
  const data = (allowed.length > 0 ? allowed : offeredModels).map((id) => ({
    id,
    object: 'model',
    created: 1_677_610_602,
    owned_by: 'openai',
  }));
  return { status: 200, body: { data, object: 'list' } };
}

export function chatCompletion(call: Call, caller: Caller, now: number): Answer {
  const model = modelOf(call, caller);
  if (typeof model !== 'string') return model;
  const { said, input, output } = reply(call);
  const shared = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(now / 1000), model };
  const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
  if (call.body.stream === true) {
    const chunk = (delta: unknown, finish: string | null) => ({
      ...shared,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, finish_reason: finish }],
    });
    const events = [chunk({ role: 'assistant', content: said }, null), { ...chunk({}, 'stop'), usage }];
    return stream([...events.map((event) => `data: ${JSON.stringify(event)}\n\n`), 'data: [DONE]\n\n']);
  }
  const choices = [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: said } }];
  return { status: 200, body: { ...shared, object: 'chat.completion', choices, usage } };
}

export function message(call: Call, caller: Caller): Answer {
  const model = modelOf(call, caller);
  if (typeof model !== 'string') return model;
  const { said, input, output } = reply(call);
  const whole = { id: `msg_${randomUUID().replaceAll('-', '')}`, type: 'message', role: 'assistant', model, stop_sequence: null };
  const usage = { input_tokens: input, output_tokens: output };
  if (call.body.stream === true) {
    const events = [
      { type: 'message_start', message: { ...whole, content: [], stop_reason: null, usage: { ...usage, output_tokens: 0 } } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: said } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: output } },
      { type: 'message_stop' },
    ];
    return stream(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`));
  }
  return { status: 200, body: { ...whole, content: [{ type: 'text', text: said }], stop_reason: 'end_turn', usage } };
}

function stream(events: readonly string[]): Answer {
  return { status: 200, body: events.join(''), headers: { 'content-type': 'text/event-stream; charset=utf-8' } };
}

function allowedModels(caller: Caller): readonly string[] {
  return caller.admitted && !caller.master ? caller.record.models : [];
}

/** The model asked for, or the refusal. */
function modelOf(call: Call, caller: Caller): string | Answer {
  const { model } = call.body;
  if (typeof model !== 'string') return proxyError(400, 'Invalid model name passed in model=None', 'invalid_request_error', 'model');
  const allowed = allowedModels(caller);
  if (allowed.length === 0 || allowed.includes(model)) return model;
  const refusal = `key not allowed to access model. This key can only access models=${JSON.stringify(allowed)}. Tried to access ${model}`;
  return proxyError(401, refusal, 'key_model_access_denied', 'model');
}

function reply(call: Call): { said: string; input: number; output: number } {
  const messages = Array.isArray(call.body.messages) ? call.body.messages : [];
  const last: unknown = messages.at(-1);
  const said = `You said: ${contentText(isRecord(last) ? last.content : '').slice(0, 200)}`;
  return { said, input: Math.ceil(JSON.stringify(messages).length / 4), output: Math.ceil(said.length / 4) };
}

function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part: unknown) => (isRecord(part) && typeof part.text === 'string' ? part.text : '')).join('');
}
