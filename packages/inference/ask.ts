/** What a Messages request asks for, as far as the gateway must know: models, streaming, size of the answer. Every other member is let pass. Decides nothing. */
import { hasDuplicateMember } from '@gatehouse/core/json-members';
import { ok, type Result, refuse } from '@gatehouse/core/result';

export interface Ask {
  /** As the client spells it. */
  model: string;
  /** Every other model that the body names: an adviser's, a fallback's. */
  nestedModels: readonly string[];
  stream: boolean;
  /** Absent where the format does not ask for it, as when tokens are counted. */
  maxTokens: number | undefined;
  fast: boolean;
  /** The parsed body, for tiers that must send another shape. */
  body: Readonly<Record<string, unknown>>;
}

export type BadAsk =
  | { reason: 'not_json'; detail: string }
  | { reason: 'no_model' }
  | { reason: 'too_nested' }
  | { reason: 'too_many_models' };

const maxDepth = 1_000;
const maxModels = 100;

/** @param model for formats that name it elsewhere, as in a path. @param stream likewise. */
export function readAsk(bytes: Buffer, elsewhere: { model?: string; stream?: boolean } = {}): Result<Ask, BadAsk> {
  const text = bytes.toString('utf8');
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // The parser's own words quote the body, which is a prompt.
    return refuse({ reason: 'not_json', detail: bytes.length === 0 ? 'it is empty' : 'it is no JSON' });
  }
  if (!isRecord(body)) return refuse({ reason: 'not_json', detail: 'it is no JSON object' });
  // It goes on as it came: whoever reads it next may take the other of two models.
  if (hasDuplicateMember(text)) return refuse({ reason: 'not_json', detail: 'an object of it names a member twice' });
  const model = elsewhere.model ?? body.model;
  if (typeof model !== 'string' || model === '' || model.length > 2_048) return refuse({ reason: 'no_model' });
  const nested = nestedModels(body);
  if (!nested.ok) return nested;
  return ok({
    model,
    nestedModels: nested.value,
    stream: elsewhere.stream ?? body.stream === true,
    maxTokens: typeof body.max_tokens === 'number' && body.max_tokens > 0 ? Math.ceil(body.max_tokens) : undefined,
    fast: body.speed === 'fast',
    body,
  });
}

/** All texts under a member named `model`. What a tool was called with, and what it may be called with, names no model that would run. */
function nestedModels(body: Readonly<Record<string, unknown>>): Result<string[], BadAsk> {
  const found = new Set<string>();
  const open: { value: unknown; depth: number }[] = Object.entries(body)
    .filter(([key]) => key !== 'model')
    .map(([, value]) => ({ value, depth: 1 }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth } = next;
    if (typeof value !== 'object' || value === null) continue;
    if (depth > maxDepth) return refuse({ reason: 'too_nested' });
    const call = !Array.isArray(value) && 'type' in value && value.type === 'tool_use';
    for (const [key, member] of Object.entries(value)) {
      if (key === 'model' && typeof member === 'string' && !Array.isArray(value)) found.add(member);
      else if (!(key === 'input_schema' || (call && key === 'input'))) open.push({ value: member, depth: depth + 1 });
    }
    if (found.size > maxModels) return refuse({ reason: 'too_many_models' });
  }
  return ok([...found]);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
