/** What a chapter of the demo gets: the stack's addresses, the clock, and a voice that says each step with its time. Asserts; never pretends. */
import type { Addresses } from '../profile.ts';

export interface Story extends Addresses {
  /** Runs one step and says it in a line: what was sent, what came back, how long it took. A step that throws ends the demo. */
  step<T>(what: string, act: () => Promise<{ result: T; said: string }>): Promise<T>;
  /** Says a line without a measurement. */
  note(line: string): void;
  /** Moves the stack's clock. */
  advance(seconds: number): Promise<void>;
  /** Asks until the answer is there; `stepSeconds` of stack time pass between two questions. */
  until<T>(what: string, ask: () => Promise<T | undefined>, options?: { stepSeconds?: number; timeoutMs?: number }): Promise<T>;
  /** A line for the demo's end: what was measured. */
  conclude(line: string): void;
  /** What chapters leave for later ones. */
  kept: Map<string, unknown>;
}

export interface Chapter {
  title: string;
  tell(story: Story): Promise<void>;
}

/** The answer's JSON, or an error that says what was asked and what came back instead of `status`. */
export async function expectJson<T>(status: number, response: Response): Promise<T> {
  const text = await response.text();
  if (response.status !== status)
    throw new Error(`${new URL(response.url).pathname} answered ${response.status} instead of ${status}: ${text.slice(0, 300)}`);
  return (text === '' ? {} : JSON.parse(text)) as T;
}

export function postJson(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
}
