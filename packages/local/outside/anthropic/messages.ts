/** The Messages API as Anthropic serves it, itself and on AWS: messages, token counts, models. Who may call is the door's to say. */
import type { Clock } from '../../clock.ts';
import { type Answer, type Call, type Handler, isRecord, type Route, route } from '../http.ts';
import type { StreamEvent } from './message.ts';
import type { Model, Performance } from './model.ts';
import { anthropicModel, type CatalogueModel, catalogue } from './models.ts';
import { garbage, inWrites, play, type Stage, wait } from './performance.ts';
import { errorType, problem } from './refusal.ts';
import type { Vendor } from './script.ts';
import { taggedId } from './state.ts';
import { promptTokens } from './tokens.ts';

/** Anthropic takes 32 MB. */
export const messagesBodyBytes = 32 * 1024 * 1024;

interface Door {
  vendor: Vendor;
  model: Model;
  clock: Clock;
  /** Who may not call gets the answer to that. */
  admit(call: Call): Answer | undefined;
}

const apiVersions = ['2023-06-01', '2026-10-21'];

/** Fields that exist only under a beta, and the beta's name without its date. */
const betaFields: Readonly<Record<string, string>> = {
  context_management: 'context-management',
  mcp_servers: 'mcp-client',
  tags: 'request-tags',
  output_format: 'structured-outputs',
};
const fields = [
  ...['model', 'messages', 'max_tokens', 'system', 'metadata', 'stop_sequences', 'stream', 'temperature', 'top_k', 'top_p', 'tools'],
  ...['tool_choice', 'thinking', 'service_tier', 'container', 'cache_control', 'output_config', 'inference_geo', 'speed', 'diagnostics'],
  ...['user_profile_id', 'workspace_id'],
];

export function messagesRoutes({ vendor, model, clock, admit }: Door): Route[] {
  function guarded(handler: Handler): Handler {
    return (call) => {
      const refused = admit(call);
      if (refused) return refused;
      const version = call.headers['anthropic-version'];
      if (version === undefined) return invalid('anthropic-version: header is required');
      if (!apiVersions.includes(String(version))) return invalid(`anthropic-version: "${String(version)}" is not a valid version`);
      return handler(call);
    };
  }

  async function create(call: Call): Promise<Answer> {
    const wrong = wrongField(call) ?? wrongPrompt(call.body) ?? wrongLimit(call.body);
    if (wrong !== undefined) return invalid(wrong);
    const served = anthropicModel(String(call.body.model));
    if (!served) return problem(404, 'not_found_error', `model: ${String(call.body.model)}`);
    const unsampled = wrongSampling(call.body, served, String(call.headers['anthropic-version']));
    if (unsampled !== undefined) return invalid(unsampled);
    const performance = model.begin(vendor, call, call.body, served.id, invalid);
    return perform(performance, call, { clock, signal: call.signal, pings: true });
  }

  function count({ body }: Call): Answer {
    const wrong = wrongPrompt(body);
    if (wrong !== undefined) return invalid(wrong);
    if (!anthropicModel(String(body.model))) return problem(404, 'not_found_error', `model: ${String(body.model)}`);
    return ok({ input_tokens: promptTokens(body) });
  }

  function list({ query }: Call): Answer {
    const limit = Math.min(1000, Math.max(1, Number(query.get('limit') ?? 20) || 20));
    const after = query.get('after_id');
    const start = after === null ? 0 : catalogue.findIndex(({ id }) => id === after) + 1;
    const data = catalogue.slice(start, start + limit).map(shown);
    return ok({ data, has_more: start + limit < catalogue.length, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null });
  }

  return [
    route('POST', '/v1/messages', guarded(create)),
    route('POST', '/v1/messages/count_tokens', guarded(count)),
    route('GET', '/v1/models', guarded(list)),
    route(
      'GET',
      '/v1/models/:id',
      guarded(({ params: { id = '' } }) => {
        const found = anthropicModel(id);
        return found ? ok(shown(found)) : problem(404, 'not_found_error', `model: ${id}`);
      }),
    ),
  ];
}

async function perform(performance: Performance, call: Call, stage: Stage): Promise<Answer> {
  const { script, message, asked } = performance;
  if (script.refuse) {
    asked.outcome = 'refused';
    const { status, message: words = sentences[status] ?? 'Refused by the script', retry_after: seconds } = script.refuse;
    const refused = problem(status, errorType(status), words);
    return { ...refused, headers: { ...refused.headers, ...(seconds !== undefined && { 'retry-after': String(seconds) }) } };
  }
  const headers = {
    'request-id': taggedId('req'),
    'anthropic-organization-id': '00000000-0000-4000-8000-000000000000',
    'anthropic-ratelimit-requests-limit': '4000',
    'anthropic-ratelimit-requests-remaining': '3999',
    'anthropic-ratelimit-requests-reset': new Date(stage.clock.now() + 1000).toISOString(),
  };
  if (call.body.stream === true) {
    const body = inWrites(sse(performance, stage), script.wire_bytes);
    return { status: 200, headers: { ...headers, 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' }, body };
  }
  return whole(performance, stage, headers, (words) => problem(500, 'api_error', words), message);
}

/** An answer in one piece, or the end that the script wants for it. */
export async function whole(
  { script, asked }: Performance,
  stage: Stage,
  headers: Readonly<Record<string, string>>,
  fail: (words: string) => Answer,
  body: unknown,
): Promise<Answer> {
  try {
    await wait(script, stage);
  } catch (cause) {
    asked.outcome = 'left';
    throw cause;
  }
  asked.outcome = script.end === undefined ? 'complete' : 'cut';
  if (script.end === 'error' || script.end === 'throttle') return fail('Internal server error');
  const text = JSON.stringify(body);
  const typed = { ...headers, 'content-type': 'application/json' };
  if (script.end === 'garbage') return { status: 200, headers: typed, body: `<html>${text.slice(0, 20)}` };
  if (script.end === 'die') return { status: 200, headers: { ...typed, 'content-length': String(text.length) }, body: half(text) };
  return { status: 200, headers: typed, body: text };
}

async function* half(text: string): AsyncGenerator<string> {
  yield text.slice(0, text.length / 2);
  throw new Error('The script cuts the connection here');
}

async function* sse(performance: Performance, stage: Stage): AsyncGenerator<string> {
  for await (const event of follow(play(performance, stage), performance, stage.signal)) {
    if (event === garbage) yield 'upstream connect error or disconnect/reset before headers\u0000\u0001<html>';
    else yield `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
  }
}

/** Takes down how far a stream came and how it ended. */
export async function* follow(
  events: AsyncIterable<StreamEvent | typeof garbage>,
  { asked, script }: Performance,
  signal: AbortSignal,
): AsyncGenerator<StreamEvent | typeof garbage> {
  const open = () => asked.outcome === 'open';
  try {
    for await (const event of events) {
      if (event !== garbage && event.type === 'content_block_delta') asked.deltas += 1;
      if (event !== garbage && event.type === 'message_stop') asked.outcome = 'complete';
      yield event;
    }
    if (open() && script.end !== undefined) asked.outcome = 'cut';
  } catch (cause) {
    asked.outcome = signal.aborted ? 'left' : 'cut';
    throw cause;
  } finally {
    if (open()) asked.outcome = 'left';
  }
}

const sentences: Readonly<Record<number, string>> = {
  400: 'messages: refused by the script',
  401: 'invalid x-api-key',
  403: 'Your API key does not have permission to use the specified resource.',
  413: 'Request exceeds the maximum size',
  429: 'This request would exceed the rate limit for your organization. Please try again later.',
  500: 'Internal server error',
  529: 'Overloaded',
};

function ok(body: unknown): Answer {
  return { status: 200, headers: { 'request-id': taggedId('req') }, body };
}

function invalid(message: string): Answer {
  return problem(400, 'invalid_request_error', message);
}

function shown({ id, display_name, created_at, max_input_tokens, max_tokens }: CatalogueModel) {
  return { type: 'model', id, display_name, created_at, max_input_tokens, max_tokens };
}

/** A field that its beta was not switched on for is refused; one that nobody knows is, too, when no beta at all came along. */
function wrongField({ body, headers }: Call): string | undefined {
  const betas = String(headers['anthropic-beta'] ?? '');
  for (const name of Object.keys(body)) {
    if (fields.includes(name)) continue;
    const beta = betaFields[name];
    if (beta === undefined ? betas === '' : !betas.includes(beta)) return `${name}: Extra inputs are not permitted`;
  }
  return undefined;
}

/** @returns what is wrong with the prompt, in the API's words. Shared with Bedrock, which names the model in the path. */
export function wrongPrompt(body: Readonly<Record<string, unknown>>): string | undefined {
  if (!Array.isArray(body.messages)) return 'messages: Field required';
  if (body.messages.length === 0) return 'messages: at least one message is required';
  for (const [index, message] of body.messages.entries()) {
    if (!isRecord(message) || !['user', 'assistant', 'system'].includes(String(message.role)))
      return `messages.${index}.role: Input should be 'user' or 'assistant'`;
    if (typeof message.content !== 'string' && !Array.isArray(message.content)) return `messages.${index}.content: Field required`;
  }
  return undefined;
}

/** The version of October 2026 knows no sampling; nor do models since Opus 4.7, but for the default. */
export function wrongSampling(body: Readonly<Record<string, unknown>>, { id }: CatalogueModel, version: string): string | undefined {
  const given = ['temperature', 'top_p', 'top_k'].find((name) => body[name] !== undefined);
  if (given === undefined) return undefined;
  if (version === '2026-10-21') return `${given}: Extra inputs are not permitted`;
  const takes = /-(?:3-5|4-[56])(?:-|$)/.test(id) || body[given] === 1;
  return takes ? undefined : `\`${given}\` is deprecated for this model.`;
}

export function wrongLimit(body: Readonly<Record<string, unknown>>): string | undefined {
  if (body.max_tokens === undefined) return 'max_tokens: Field required';
  return Number.isInteger(body.max_tokens) && Number(body.max_tokens) >= 1
    ? undefined
    : 'max_tokens: Input should be greater than or equal to 1';
}
