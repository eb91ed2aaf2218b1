/** One call of the gateway with a token: a timeout, few tries, and what went wrong as a sentence. Keeps nothing. */
import { setTimeout as delay } from 'node:timers/promises';
import { ok, type Result, refuse } from '@gatehouse/core/result';

export interface Wish {
  method: 'GET' | 'POST' | 'PUT';
  path: string;
  query?: Readonly<Record<string, string | undefined>>;
  headers?: Readonly<Record<string, string>>;
  body?: unknown;
  /** One try of so long, for a caller who is waited for. */
  withinMs?: number;
}

export interface Answered {
  status: number;
  etag: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes; what is shown of them is read defensively.
  body: any;
}

export type Trouble =
  | { reason: 'not_signed_in'; message: string }
  | { reason: 'refused'; status: number; message: string; body: unknown }
  | { reason: 'away'; message: string };

/** A simulation may take the gateway its 29 s. */
const timeoutMs = 35_000;
const attempts = 3;

/** @param origin without a slash at its end. */
export async function ask(origin: string, token: string, wish: Wish): Promise<Result<Answered, Trouble>> {
  const url = new URL(origin + wish.path);
  for (const [name, value] of Object.entries(wish.query ?? {})) if (value !== undefined) url.searchParams.set(name, value);
  const init = {
    method: wish.method,
    headers: {
      accept: 'application/json',
      authorization: `Bearer ${token}`,
      ...(wish.body !== undefined && { 'content-type': 'application/json' }),
      ...wish.headers,
    },
    ...(wish.body !== undefined && { body: JSON.stringify(wish.body) }),
  };
  // What changes something is asked once: a lost answer is looked up by a person, not sent again.
  const tries = wish.method === 'GET' && wish.withinMs === undefined ? attempts : 1;
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(wish.withinMs ?? timeoutMs) }).catch(
      (error: unknown) => error,
    );
    const passing = !(response instanceof Response) || response.status === 429 || response.status >= 500;
    if (passing && attempt < tries) {
      await delay(500 * attempt);
      continue;
    }
    return response instanceof Response
      ? read(response)
      : refuse({ reason: 'away', message: `${origin} did not answer: ${sentenceOf(response)}.` });
  }
}

async function read(response: Response): Promise<Result<Answered, Trouble>> {
  const text = await response.text();
  const body = text === '' ? undefined : parsed(text);
  if (response.ok || response.status === 304) return ok({ status: response.status, etag: response.headers.get('etag') ?? undefined, body });
  const message = messageOf(body) ?? `The gateway answered ${response.status}.`;
  if (response.status === 401) return refuse({ reason: 'not_signed_in', message });
  if (response.status >= 500) return refuse({ reason: 'away', message });
  return refuse({ reason: 'refused', status: response.status, message, body });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function messageOf(body: unknown): string | undefined {
  const { error, error_description } = (typeof body === 'object' && body !== null ? body : {}) as {
    error?: unknown;
    error_description?: unknown;
  };
  if (typeof error_description === 'string') return error_description;
  const { message } = (typeof error === 'object' && error !== null ? error : {}) as { message?: unknown };
  return typeof message === 'string' ? message : undefined;
}

/** The cause under fetch's own "fetch failed". */
export function sentenceOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}

/** Tokens travel over TLS, or stay on this machine. The refusal is a sentence. */
export function originOf(text: string): Result<string, string> {
  const url = URL.parse(text);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    return refuse(`"${text}" is no address: write https://gatehouse.example.com.`);
  const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol === 'http:' && !loopback) return refuse(`${url.origin} would carry your token in the clear: write https.`);
  return ok(url.origin);
}
