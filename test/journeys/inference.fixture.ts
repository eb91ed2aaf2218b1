/** The gateway's clients and the models behind it, as the inference journeys play both. Asserts nothing. */
import type { Person, Stack } from '../support/stack.ts';

export type Json = Record<string, unknown>;

const versioned = { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' };

/** A small prompt, with what a test changes of it. */
export function prompt(body: Json = {}): Json {
  return { model: 'claude-opus-4-8', max_tokens: 1_000, messages: [{ role: 'user', content: 'Say hello.' }], ...body };
}

export function askModel(person: Person, body: Json = {}, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return person.fetch('/v1/messages?beta=true', {
    method: 'POST',
    headers: { ...versioned, ...headers },
    body: JSON.stringify(prompt(body)),
  });
}

export interface SseEvent {
  name: string;
  // biome-ignore lint/suspicious/noExplicitAny: events are read by the assertions, as any client reads them.
  data: any;
}

/** Events as they come, for as long as somebody reads. */
export async function* eventsIn(response: Response): AsyncGenerator<SseEvent> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    for (let at = text.indexOf('\n\n'); at >= 0; at = text.indexOf('\n\n')) {
      const event = eventOf(text.slice(0, at));
      text = text.slice(at + 2);
      if (event) yield event;
    }
  }
  if (text.trim() !== '') throw new Error(`The stream ended in the middle of an event: ${text}`);
}

function eventOf(text: string): SseEvent | undefined {
  const [, name] = /^event: (.*)$/m.exec(text) ?? [];
  const [, data] = /^data: (.*)$/m.exec(text) ?? [];
  return data === undefined ? undefined : { name: name ?? 'message', data: JSON.parse(data) };
}

export async function allEvents(response: Response): Promise<SseEvent[]> {
  const events: SseEvent[] = [];
  for await (const event of eventsIn(response)) events.push(event);
  return events;
}

export interface Asked {
  vendor: string;
  path: string;
  headers: Record<string, string>;
  // biome-ignore lint/suspicious/noExplicitAny: what went upstream is read by the assertions.
  body: any;
  outcome: string;
}

/** The stand-ins for the models on P+3. */
export function modelsOf({ outside }: Stack) {
  const call = async (method: string, path: string, body?: Json) => {
    const response = await fetch(`${outside}/_model${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`The models took no script: ${await response.text()}`);
    return (await response.json()) as { requests?: Asked[] };
  };
  return {
    script: (script: Json) => call('POST', '', script),
    reset: async () => {
      await call('DELETE', '');
      await call('DELETE', '/requests');
    },
    asked: async (): Promise<Asked[]> => (await call('GET', '/requests')).requests ?? [],
  };
}

export interface Usage {
  rows: { key: string; amount_micros: number; requests: number; tokens: Record<string, number> }[];
  limits: { scope: string; period: string; amount_micros: number; used_micros: number }[];
}

export async function usageOf(person: Person, by = 'model'): Promise<Usage> {
  return (await (await person.fetch(`/v1/usage?by=${by}`)).json()) as Usage;
}

/** What a person's ledger says in all. */
export async function spentBy(person: Person): Promise<{ micros: number; requests: number; output: number }> {
  const { rows } = await usageOf(person);
  return {
    micros: rows.reduce((sum, row) => sum + row.amount_micros, 0),
    requests: rows.reduce((sum, row) => sum + row.requests, 0),
    output: rows.reduce((sum, row) => sum + (row.tokens.output ?? 0), 0),
  };
}

/** Publishes the policy with a change, as carol does. */
// biome-ignore lint/suspicious/noExplicitAny: the document is changed as an administrator's script does.
export async function changePolicy(carol: Person, change: (document: any) => void): Promise<void> {
  const current = await carol.fetch('/admin/policies');
  const body = (await current.json()) as { document: unknown };
  change(body.document);
  const put = await carol.fetch('/admin/policies', {
    method: 'PUT',
    headers: { 'content-type': 'application/json', 'if-match': current.headers.get('etag') ?? '' },
    body: JSON.stringify({ document: body.document, reason: 'a test' }),
  });
  if (!put.ok) throw new Error(`The policy was not taken: ${put.status} ${await put.text()}`);
}
