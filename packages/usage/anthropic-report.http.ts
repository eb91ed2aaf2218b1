/** Asks Anthropic's Admin API what it reckons for a day: Claude Code by actor, and the organization's whole cost. Writes nothing; the next run asks for the same days again. */
import { Misconfigured, Unavailable } from '@gatehouse/runtime/fault';
import { ask } from '@gatehouse/runtime/outside';
import { addUp, type BilledLine, linesOfAnthropic, linesOfAnthropicCost } from './billed.ts';

const mostPages = 50;
const dayMs = 86_400_000;

/** @param url the API's origin. @param day `2026-11-22`, UTC. Throws Unavailable, Throttled; Misconfigured when the key does not do. */
export async function anthropicLines(url: string, key: string, day: string): Promise<BilledLine[]> {
  const next = new Date(Date.parse(day) + dayMs).toISOString().slice(0, 10);
  const byActor = { path: 'usage_report/claude_code', query: { starting_at: day, limit: '1000' } };
  // The API counts the buckets of a day, and there is one.
  const whole = {
    path: 'cost_report',
    query: { starting_at: `${day}T00:00:00Z`, ending_at: `${next}T00:00:00Z`, 'group_by[]': 'description', limit: '1' },
  };
  return addUp([
    ...(await everyPage(url, key, byActor, (json) => linesOfAnthropic(json, day))),
    ...(await everyPage(url, key, whole, (json) => linesOfAnthropicCost(json, day))),
  ]);
}

async function everyPage(
  url: string,
  key: string,
  { path, query }: { path: string; query: Readonly<Record<string, string>> },
  read: (json: unknown) => { lines: BilledLine[]; next: string | undefined },
): Promise<BilledLine[]> {
  const lines: BilledLine[] = [];
  let page: string | undefined;
  for (let pages = 0; pages < mostPages; pages++) {
    const search = new URLSearchParams({ ...query, ...(page !== undefined && { page }) });
    const answer = await ask(`${url}/v1/organizations/${path}?${search}`, {
      headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01' },
      timeoutMs: 10_000,
    });
    if (answer.status === 401 || answer.status === 403)
      throw new Misconfigured(`Anthropic answers ${answer.status} to ${path}: put an admin key that may read reports into the secret`);
    if (answer.status !== 200) throw new Unavailable(`Anthropic answers ${answer.status} to ${path}`);
    const report = read(answer.json());
    lines.push(...report.lines);
    page = report.next;
    if (page === undefined) return lines;
  }
  throw new Unavailable(`Anthropic's ${path} has more than ${mostPages} pages`);
}
