/** Calls of systems that are not ours: a timeout for each try, few tries with jitter on the right errors, and a fault when it stays down. */
import { exchange } from './exchange.ts';
import { Throttled, Unavailable } from './fault.ts';

export interface Ask {
  method?: string;
  headers?: Readonly<Record<string, string>>;
  json?: unknown;
  body?: string | Uint8Array<ArrayBuffer>;
  /** For one try. */
  timeoutMs?: number;
  /** Tries in all. Give 1 where a second try could do something twice. */
  attempts?: number;
}

export interface Answer {
  status: number;
  /** Any case; null when there is none. */
  header(name: string): string | null;
  text: string;
  json(): unknown;
}

/** 5xx, 429 and broken connections are tried again; every other status is the caller's to read. */
export async function ask(url: string, options: Ask = {}): Promise<Answer> {
  const attempts = options.attempts ?? 3;
  for (let attempt = 1; ; attempt++) {
    const last = attempt >= attempts;
    try {
      const answer = await once(url, options);
      if (answer.status !== 429 && answer.status < 500) return answer;
      if (last)
        throw answer.status === 429
          ? new Throttled(`${place(url)} asks for less traffic`)
          : new Unavailable(`${place(url)} answered ${answer.status}`);
    } catch (error) {
      if (error instanceof Throttled || error instanceof Unavailable) throw error;
      if (last) throw new Unavailable(`${place(url)} did not answer`, { cause: error });
    }
    await new Promise((resolve) => setTimeout(resolve, 200 * 2 ** (attempt - 1) * (0.5 + Math.random() / 2)));
  }
}

/** Answers of a management API stay well below this. */
const maxAnswerBytes = 4 * 1024 * 1024;

async function once(url: string, { method = 'GET', headers = {}, json, body, timeoutMs = 5_000 }: Ask): Promise<Answer> {
  const sent = { accept: 'application/json', ...(json !== undefined && { 'content-type': 'application/json' }), ...headers };
  const text = json === undefined ? body : JSON.stringify(json);
  const wish = { method, headers: sent, timeoutMs, maxBytes: maxAnswerBytes, ...(text !== undefined && { body: text }) };
  const answer = await exchange(new URL(url), wish);
  const read = answer.body.toString('utf8');
  return {
    status: answer.status,
    header: (name) => String(answer.headers[name.toLowerCase()] ?? '') || null,
    text: read,
    json: () => JSON.parse(read) as unknown,
  };
}

/** Origin and path: a query may carry an e-mail or a key's hash. */
function place(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
