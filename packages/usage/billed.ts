/** Lines of vendors' bills, as their reports and logs write them. Pure: whose an address is, is found out elsewhere. */
import type { Tokens } from '@gatehouse/ledger/price';
import * as z from 'zod';

/** The source of what the whole organization owes for a day: nobody's, and beside what is billed by person, since it holds that too. */
export const costReport = 'anthropic-cost' as const;

export interface BilledLine {
  source: 'bedrock' | 'cur' | 'anthropic' | typeof costReport;
  /** `2026-11-22`, UTC. */
  day: string;
  /** An address, as far as the vendor names somebody. */
  email: string | undefined;
  /** What makes the line itself, in the vendor's report. */
  line: string;
  amount_micros: number;
}

const wanted = /bedrock|claude|anthropic/i;

/** Rows of a Cost and Usage Report (CUR 2.0, or the legacy names): cost of Claude and Bedrock by day and IAM principal or tag. Throws RangeError for a file that is none. */
export function linesOfCostReport(csv: string): BilledLine[] {
  const [header = [], ...rows] = parseCsv(csv);
  const names = header.map(snake);
  const at = (name: string) => names.indexOf(name);
  const [start, cost, product, id, interval] = [
    at('line_item_usage_start_date'),
    at('line_item_unblended_cost'),
    at('line_item_product_code'),
    at('identity_line_item_id'),
    at('identity_time_interval'),
  ] as const;
  if (start < 0 || cost < 0) throw new RangeError('The file has no columns line_item_usage_start_date and line_item_unblended_cost');
  const who = names.flatMap((name, index) =>
    name === 'line_item_iam_principal' || /^resource_tags?_.*(person|email|user)/.test(name) ? [index] : [],
  );
  return rows.flatMap((row) => {
    const dollars = Number(row[cost]);
    const day = (row[start] ?? '').slice(0, 10);
    if (!Number.isFinite(dollars) || dollars === 0 || !/^\d{4}-\d{2}-\d{2}$/.test(day)) return [];
    if (product >= 0 && !wanted.test(row.join(' '))) return [];
    const email = who.map((index) => addressIn(row[index] ?? '')).find((found) => found !== undefined);
    const line = id >= 0 ? `${row[id]}#${row[interval] ?? ''}` : row.join(',');
    return [{ source: 'cur' as const, day, email, line, amount_micros: Math.round(dollars * 1_000_000) }];
  });
}

/** The session name of an assumed role, where federation puts the address; or the text itself. */
export function addressIn(principal: string): string | undefined {
  const last = principal.split(/[/:]/).at(-1)?.trim().toLowerCase() ?? '';
  return /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(last) ? last : undefined;
}

/** `lineItem/UsageStartDate` and `line_item_usage_start_date` are one name. */
function snake(name: string): string {
  return name
    .trim()
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .replaceAll(/[/:]/g, '_')
    .toLowerCase();
}

/** RFC 4180. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const cell = /("(?:[^"]|"")*"|[^,"\r\n]*)(,|\r?\n|$)/g;
  for (const [whole, value = '', end] of text.matchAll(cell)) {
    if (whole === '' && row.length === 0) break;
    row.push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value);
    if (end === ',') continue;
    if (row.some((one) => one !== '')) rows.push(row);
    row = [];
  }
  return rows;
}

const count = z.int().nonnegative().default(0);
/** A record of Bedrock's model invocation logging, schemaVersion 1.0. */
const Invocation = z.object({
  timestamp: z.string(),
  requestId: z.string(),
  modelId: z.string(),
  identity: z.object({ arn: z.string() }).optional(),
  errorCode: z.string().optional(),
  input: z.object({ inputTokenCount: count, cacheReadInputTokenCount: count, cacheWriteInputTokenCount: count }).partial().default({}),
  output: z.object({ outputTokenCount: count, outputBodyJson: z.unknown() }).partial().default({}),
});

export interface Invoked {
  requestId: string;
  /** Milliseconds. */
  at: number;
  model: string;
  email: string | undefined;
  tokens: Tokens;
}

/** Undefined for what is no finished invocation. @param text of one log event. */
export function invocationOf(text: string): Invoked | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = Invocation.safeParse(json);
  if (!parsed.success || parsed.data.errorCode !== undefined) return undefined;
  const { requestId, timestamp, modelId, identity, input, output } = parsed.data;
  const at = Date.parse(timestamp);
  if (Number.isNaN(at)) return undefined;
  const written = input.cacheWriteInputTokenCount ?? 0;
  const long = Math.min(written, longWrites(output.outputBodyJson));
  return {
    requestId,
    at,
    model: modelId,
    email: identity && addressIn(identity.arn),
    tokens: {
      input: input.inputTokenCount ?? 0,
      output: output.outputTokenCount ?? 0,
      cache_read: input.cacheReadInputTokenCount ?? 0,
      cache_write_5m: written - long,
      cache_write_1h: long,
    },
  };
}

const Usage = z.object({ cache_creation: z.object({ ephemeral_1h_input_tokens: count }).partial() });

/** The split of cache writes stands in the body alone: of a stream, in its first event's message. */
function longWrites(body: unknown): number {
  const first: unknown = Array.isArray(body) ? body[0] : body;
  const holder = z.object({ message: z.object({ usage: Usage }) }).safeParse(first);
  const plain = z.object({ usage: Usage }).safeParse(first);
  const usage = holder.success ? holder.data.message.usage : plain.success ? plain.data.usage : undefined;
  return usage?.cache_creation.ephemeral_1h_input_tokens ?? 0;
}

/** A page of Anthropic's `GET /v1/organizations/usage_report/claude_code`. */
const Report = z.object({
  data: z.array(
    z.object({
      actor: z.object({ email_address: z.string().optional(), api_key_name: z.string().optional() }),
      terminal_type: z.string().optional(),
      is_remote: z.boolean().nullish(),
      subscription_type: z.string().nullish(),
      model_breakdown: z.array(z.object({ model: z.string(), estimated_cost: z.object({ amount: z.number() }) })).default([]),
    }),
  ),
  has_more: z.boolean().default(false),
  next_page: z.string().nullish(),
});

/** Cents of a day by actor. @throws ZodError when it is no such report. */
export function linesOfAnthropic(json: unknown, day: string): { lines: BilledLine[]; next: string | undefined } {
  const { data, has_more, next_page } = Report.parse(json);
  const lines = data.flatMap(({ actor, terminal_type = '', is_remote, subscription_type, model_breakdown }) =>
    model_breakdown.map(({ model, estimated_cost }) => ({
      source: 'anthropic' as const,
      day,
      email: actor.email_address?.toLowerCase(),
      line: JSON.stringify([
        day,
        actor.email_address ?? actor.api_key_name,
        terminal_type,
        is_remote ?? false,
        subscription_type ?? null,
        model,
      ]),
      amount_micros: Math.round(estimated_cost.amount * 10_000),
    })),
  );
  return { lines, next: has_more ? (next_page ?? undefined) : undefined };
}

/** A page of Anthropic's `GET /v1/organizations/cost_report`, grouped by description. */
const CostReport = z.object({
  data: z.array(
    z.object({
      results: z.array(
        z.object({
          amount: z.string(),
          workspace_id: z.string().nullish(),
          description: z.string().nullish(),
          currency: z.string().optional(),
        }),
      ),
    }),
  ),
  has_more: z.boolean().default(false),
  next_page: z.string().nullish(),
});

/** Cents of a day, as decimal text, by workspace and what they are for. @throws ZodError when it is no such report. */
export function linesOfAnthropicCost(json: unknown, day: string): { lines: BilledLine[]; next: string | undefined } {
  const { data, has_more, next_page } = CostReport.parse(json);
  const lines = data.flatMap(({ results }) =>
    results.flatMap(({ amount, workspace_id, description }) => {
      const cents = Number(amount);
      if (!Number.isFinite(cents)) return [];
      const line = JSON.stringify([day, workspace_id ?? null, description ?? null]);
      return [{ source: costReport, day, email: undefined, line, amount_micros: Math.round(cents * 10_000) }];
    }),
  );
  return { lines, next: has_more ? (next_page ?? undefined) : undefined };
}

/** Lines that a report gives the same name to are one line, with their sum. */
export function addUp(lines: readonly BilledLine[]): BilledLine[] {
  const sums = new Map<string, BilledLine>();
  for (const one of lines) {
    const key = `${one.source} ${one.line}`;
    const known = sums.get(key);
    sums.set(key, known ? { ...known, amount_micros: known.amount_micros + one.amount_micros } : one);
  }
  return [...sums.values()];
}
