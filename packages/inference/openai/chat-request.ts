/** The shape of an OpenAI chat completion request, as far as it can be carried to the Messages API. What else a client sends is let pass. */
import * as z from 'zod';

const cacheControl = z.unknown().optional();

const Text = z.object({ type: z.literal('text'), text: z.string(), cache_control: cacheControl });
const Image = z.object({ type: z.literal('image_url'), image_url: z.object({ url: z.string() }), cache_control: cacheControl });
const File = z.object({
  type: z.literal('file'),
  file: z.object({
    file_data: z.string({ error: 'carry the file itself: files by id are not kept here' }),
    filename: z.string().optional(),
  }),
  cache_control: cacheControl,
});
const Refusal = z.object({ type: z.literal('refusal'), refusal: z.string() });

const textOnly = z.union([z.string(), z.array(Text)], { error: 'is a string or a list of text parts' });
const userContent = z.union([z.string(), z.array(z.discriminatedUnion('type', [Text, Image, File]))], {
  error: 'is a string or a list of text, image_url and file parts',
});
const assistantContent = z.union([z.string(), z.array(z.discriminatedUnion('type', [Text, Refusal]))], {
  error: 'is a string or a list of text parts',
});

const ToolCall = z.object({
  id: z.string(),
  type: z.literal('function', { error: 'is function: other tools are not carried over' }),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

const Message = z.discriminatedUnion(
  'role',
  [
    z.object({ role: z.literal('system'), content: textOnly }),
    z.object({ role: z.literal('developer'), content: textOnly }),
    z.object({ role: z.literal('user'), content: userContent }),
    z.object({ role: z.literal('assistant'), content: assistantContent.nullish(), tool_calls: z.array(ToolCall).nullish() }),
    z.object({ role: z.literal('tool'), tool_call_id: z.string(), content: userContent }),
  ],
  { error: 'has the role system, developer, user, assistant or tool' },
);

const Tool = z.object({
  type: z.literal('function', { error: 'is function: other tools are not carried over' }),
  function: z.object({
    name: z.string(),
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
    strict: z.boolean().nullish(),
  }),
  cache_control: cacheControl,
});

const ToolChoice = z.union(
  [z.enum(['none', 'auto', 'required']), z.object({ type: z.literal('function'), function: z.object({ name: z.string() }) })],
  { error: 'is none, auto, required or one function' },
);

const ResponseFormat = z.discriminatedUnion(
  'type',
  [
    z.object({ type: z.literal('text') }),
    z.object({ type: z.literal('json_schema'), json_schema: z.object({ schema: z.record(z.string(), z.unknown()) }) }),
  ],
  { error: 'is text, or json_schema with a schema: JSON without a schema cannot be promised' },
);

/** Absent, null, or a value that asks for nothing. */
function nothingBut(isNothing: (given: unknown) => boolean, error: string) {
  return z
    .unknown()
    .refine((given) => given === null || isNothing(given), { error })
    .optional();
}

const is = (value: unknown) => (given: unknown) => given === value;
const isEmpty = (given: unknown) => typeof given === 'object' && Object.keys(given ?? {}).length === 0;

const tokens = z.number().int().min(1).nullish();

export const ChatRequest = z.object({
  model: z.string().min(1),
  messages: z.array(Message),
  max_tokens: tokens,
  max_completion_tokens: tokens,
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  tools: z.array(Tool).nullish(),
  tool_choice: ToolChoice.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  response_format: ResponseFormat.nullish(),
  reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh']).nullish(),
  n: nothingBut(is(1), 'is 1: one answer is made for a request'),
  logprobs: nothingBut(is(false), 'is not offered: the models tell no probabilities'),
  top_logprobs: nothingBut(is(0), 'is not offered: the models tell no probabilities'),
  logit_bias: nothingBut(isEmpty, 'is not offered by the models'),
  modalities: z.array(z.literal('text', { error: 'is text: nothing is spoken' })).nullish(),
  audio: nothingBut(is(null), 'is not offered: nothing is spoken'),
  functions: nothingBut(isEmpty, 'is outdated: send tools'),
  function_call: nothingBut(is('auto'), 'is outdated: send tool_choice'),
  web_search_options: nothingBut(is(null), 'is not offered here'),
});
export type ChatRequest = z.output<typeof ChatRequest>;
