/** What a test or a person asks of the model behind the stand-ins: what it says, at what pace, and how it fails. Words only; performs nothing. */
import * as z from 'zod';

export const vendors = ['anthropic', 'aws-external-anthropic', 'bedrock'] as const;
export type Vendor = (typeof vendors)[number];

const count = z.number().int().min(0);

export const Script = z.strictObject({
  vendor: z.enum(vendors).optional().describe('only this door; absent: all three'),
  when: z.string().optional().describe('only requests whose last user message holds these words'),
  times: count.min(1).optional().describe('so many requests, then it is over'),

  text: z.string().optional().describe('what it says'),
  tokens: count.max(10_000_000).optional().describe('says filler of about so many tokens instead'),
  thinking: z.string().optional().describe('thinks this first, where the request switches thinking on'),
  tools: z
    .array(z.strictObject({ name: z.string(), input: z.record(z.string(), z.unknown()) }))
    .optional()
    .describe('calls these tools after the text, and stops for them'),
  usage: z
    .strictObject({
      input_tokens: count.optional(),
      output_tokens: count.optional(),
      cache_read_input_tokens: count.optional(),
      cache_write_5m_tokens: count.optional(),
      cache_write_1h_tokens: count.optional(),
    })
    .optional()
    .describe('reports these counts instead of those that follow from the prompt and the answer'),
  stop_reason: z.enum(['refusal', 'pause_turn', 'max_tokens', 'model_context_window_exceeded']).optional(),

  chunk_chars: count.min(1).optional().describe('characters in a delta; 24 unless told'),
  wire_bytes: count.min(1).optional().describe('bytes in a write to the connection; a whole event unless told'),
  first_byte_ms: count.optional().describe('stack time before anything comes'),
  duration_ms: count
    .max(30 * 60_000)
    .optional()
    .describe('stack time over which the deltas spread, 30 minutes at most'),
  gap_ms: count.max(60_000).optional().describe('real time before each delta, instead'),
  ping_every_ms: count.min(1).optional().describe('stack time of silence between pings; 15 s unless told; Bedrock sends none'),

  end: z
    .enum(['hang', 'die', 'garbage', 'error', 'throttle'])
    .optional()
    .describe(
      'mid-stream: falls silent, cuts the connection, sends what is no event, or ends with an error event; without streaming the like',
    ),
  end_after: count.optional().describe('deltas before that end; half of them unless told'),
  refuse: z
    .strictObject({
      status: count.min(400).max(599),
      message: z.string().optional(),
      retry_after: count.optional().describe('seconds'),
    })
    .optional()
    .describe('refuses in the vendor’s own words for that status: 400, 403, 404, 408, 413, 424, 429, 500, 503, 529'),
});
export type Script = z.output<typeof Script>;

/** A script can ride in the prompt itself: `[[model {"tokens": 500}]]`. The last one counts. */
const inPrompt = /\[\[model (\{.*?\})\]\]/gs;

/** @returns a sentence when the prompt carries a script that is none. */
export function scriptInPrompt(prompt: string): Script | string | undefined {
  const last = [...prompt.matchAll(inPrompt)].at(-1)?.[1];
  if (last === undefined) return undefined;
  try {
    return parseScript(JSON.parse(last));
  } catch {
    return `The script in the prompt is no JSON: ${last}`;
  }
}

/** @returns a sentence naming the first thing wrong. */
export function parseScript(given: unknown): Script | string {
  const parsed = Script.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return `${issue?.path.join('.') || 'The script'}: ${issue?.message ?? 'is not a script'}`;
}

/** Each field with what it does, for `GET /_model`. */
export function scriptFields(): Record<string, string> {
  return Object.fromEntries(Object.entries(Script.shape).map(([name, field]) => [name, field.description ?? 'as the API reports it']));
}
