/**
 * Anthropic's reports of what an organization used and owes: `GET /v1/organizations/usage_report/claude_code` and `/cost_report`. Tests play the vendor's
 * own counting at `/_billing`. Forgotten at the end; reports on no call that this stack served itself.
 */
import type { Clock } from '../../clock.ts';
import { type Answer, type Call, isRecord, Refused, type Route, route } from '../http.ts';
import { problem } from './refusal.ts';

/** What somebody used of a model on a day, as Anthropic counts it. */
interface Used {
  /** `2026-11-22`, UTC. */
  day: string;
  /** Who: an address of a member, or the name of an API key. */
  email?: string;
  api_key_name?: string;
  terminal_type: string;
  model: string;
  tokens: { input: number; output: number; cache_read: number; cache_creation: number };
  cents: number;
  /** Epoch milliseconds. */
  at: number;
}

/** Reports lag behind what they are about. */
const delayMs = 3_600_000;
const organization = '6f1f6a1e-0000-4000-8000-000000000000';

/** @param guarded asks for the admin key, the version and the organization's rate limit. */
export function createReports(
  clock: Clock,
  guarded: (handler: (call: Call) => Answer) => (call: Call) => Answer | Promise<Answer>,
): Route[] {
  const used: Used[] = [];
  const visible = () => used.filter(({ at }) => clock.now() - at >= delayMs);

  function play({ body }: Call): Answer {
    const lines: unknown[] = Array.isArray(body.used) ? body.used : [];
    const counted = lines.map((line) => usedOf(line, clock.now()));
    if (counted.length === 0 || counted.includes(undefined))
      return problem(400, 'invalid_request_error', 'used: is a list of {day, email or api_key_name, model, cents}');
    used.push(...counted.filter((one) => one !== undefined));
    return { status: 204 };
  }

  /** One day, an item for each actor and terminal. */
  function claudeCode(call: Call): Answer {
    const day = dayOf(call, 'starting_at');
    const actors = new Map<string, Used[]>();
    for (const one of visible().filter((one) => one.day === day)) {
      const key = JSON.stringify([one.email, one.api_key_name, one.terminal_type]);
      actors.set(key, [...(actors.get(key) ?? []), one]);
    }
    return page(call, [...actors.values()].map(itemOf));
  }

  /** A bucket for each whole day between the two. */
  function cost(call: Call): Answer {
    const [from, to] = [dayOf(call, 'starting_at'), dayOf(call, 'ending_at')];
    const buckets: object[] = [];
    for (let at = Date.parse(from); at < Date.parse(to); at += dayMs) {
      const day = new Date(at).toISOString().slice(0, 10);
      const cents = new Map<string, number>();
      for (const one of visible()) if (one.day === day) cents.set(one.model, (cents.get(one.model) ?? 0) + one.cents);
      const results = [...cents].map(([model, sum]) => costOf(model, sum));
      buckets.push({ starting_at: `${day}T00:00:00Z`, ending_at: new Date(at + dayMs).toISOString().replace('.000', ''), results });
    }
    return page(call, buckets);
  }

  return [
    route('GET', '/v1/organizations/usage_report/claude_code', guarded(claudeCode)),
    route('GET', '/v1/organizations/cost_report', guarded(cost)),
    route('POST', '/_billing', play),
  ];
}

function usedOf(line: unknown, at: number): Used | undefined {
  if (!isRecord(line)) return undefined;
  const { day, email, api_key_name, terminal_type, model, cents } = line;
  if (!isDay(day) || typeof model !== 'string' || typeof cents !== 'number') return undefined;
  const tokens = { input: 0, output: 0, cache_read: 0, cache_creation: 0 };
  const counted = { day, terminal_type: typeof terminal_type === 'string' ? terminal_type : 'vscode', model, tokens, cents, at };
  if (typeof email === 'string') return { ...counted, email };
  return typeof api_key_name === 'string' ? { ...counted, api_key_name } : undefined;
}

const dayMs = 86_400_000;
const nothingEdited = { accepted: 0, rejected: 0 };

function itemOf(all: readonly Used[]): object {
  const [{ day, email, api_key_name, terminal_type } = { day: '', email: '', api_key_name: '', terminal_type: '' }] = all;
  return {
    date: `${day}T00:00:00Z`,
    actor: email === undefined ? { type: 'api_actor', api_key_name } : { type: 'user_actor', email_address: email },
    organization_id: organization,
    customer_type: 'api',
    terminal_type,
    core_metrics: {
      num_sessions: 1,
      lines_of_code: { added: 0, removed: 0 },
      commits_by_claude_code: 0,
      pull_requests_by_claude_code: 0,
    },
    tool_actions: {
      edit_tool: nothingEdited,
      multi_edit_tool: nothingEdited,
      write_tool: nothingEdited,
      notebook_edit_tool: nothingEdited,
    },
    model_breakdown: all.map(({ model, tokens, cents }) => ({ model, tokens, estimated_cost: { currency: 'USD', amount: cents } })),
  };
}

/** Cents as text, with fractions of one. */
function costOf(model: string, cents: number): object {
  return { currency: 'USD', amount: cents.toFixed(5), workspace_id: null, description: `Claude Code Usage - ${model}`, model };
}

function isDay(text: unknown): text is string {
  return typeof text === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));
}

function dayOf({ query }: Call, name: string): string {
  const day = query.get(name)?.replace(/T00:00:00Z$/, '');
  if (!isDay(day)) throw new Refused(problem(400, 'invalid_request_error', `${name}: Input should be a valid date`));
  return day;
}

/** The cursor says where to go on and nothing else about itself. */
function page({ query }: Call, items: readonly object[]): Answer {
  const limit = Number(query.get('limit') ?? 20);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000)
    throw new Refused(problem(400, 'invalid_request_error', 'limit: Input should be between 1 and 1000'));
  const cursor = query.get('page');
  const start = cursor === null ? 0 : Number(/^page_(\d+)$/.exec(Buffer.from(cursor, 'base64url').toString())?.[1] ?? Number.NaN);
  if (!Number.isInteger(start)) throw new Refused(problem(400, 'invalid_request_error', 'page: Invalid pagination token'));
  const end = start + limit;
  const more = end < items.length;
  const next_page = more ? Buffer.from(`page_${end}`).toString('base64url') : null;
  return { status: 200, body: { data: items.slice(start, end), has_more: more, next_page } };
}
