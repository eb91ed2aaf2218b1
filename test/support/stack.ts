/** The embedded stack as its users run it: a process of its own, real ports, real time plus whatever a test adds to the clock. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { fourPorts } from '../../packages/local/ports.ts';
import { type Addresses, addressesOf } from '../../packages/local/profile.ts';
import { settledWithin } from '../../packages/local/settled.ts';

/** How long a move of the clock waits for what is in flight. */
const patienceMs = 1_000;

const main = fileURLToPath(new URL('../../packages/local/start.mjs', import.meta.url));

export interface Person {
  id: string;
  accessToken: string;
  refreshToken: string;
  /** A call of the gateway with the person's access token. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

export interface Stack extends Addresses {
  pid: number;
  /** Where it keeps its state. */
  folder: string;
  /** Milliseconds from spawning the process to its ports answering. */
  startedInMs: number;
  /** Signs somebody in by exchanging a fresh id token of the identity provider. */
  as(login: string): Promise<Person>;
  /** Moves the stack's clock. */
  advance(seconds: number): Promise<void>;
  /** Resolves when bus, feeds, functions and machines are idle; an execution that waits on the clock or for a token is. */
  settled(): Promise<void>;
  /** Asks again and again, with the clock moved by `stepSeconds` in between, until the answer is not undefined. */
  until<T>(ask: () => Promise<T | undefined>, options?: { stepSeconds?: number; timeoutMs?: number; what?: string }): Promise<T>;
  /** Every token that this stack handed to a test, for looking through logs and events. */
  secretsSeen(): readonly string[];
  /** A secret that a test was handed by another system, for looking through the same. */
  remember(secret: string): void;
  /** What the process wrote so far. */
  output(): string;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface StackOptions {
  args?: readonly string[];
  /** Kept after `stop` when given. */
  data?: string;
  port?: number;
}

export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const began = performance.now();
  const port = options.port ?? (await fourPorts(0));
  const data = options.data ?? (await mkdtemp(join(tmpdir(), 'gatehouse-')));
  const child = spawn(process.execPath, [main, '--port', String(port), '--data', data, ...(options.args ?? [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' },
  });
  const lines: string[] = [];
  await ready(child, lines);
  const startedInMs = performance.now() - began;
  const addresses = addressesOf(port);
  const secrets: string[] = [];

  async function as(login: string): Promise<Person> {
    const signed = await post(`${addresses.idp}/directory/users/${encodeURIComponent(login)}/id-token`, {});
    const { id_token } = (await signed.json()) as { id_token: string };
    const response = await fetch(`${addresses.gateway}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: id_token,
        subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      }),
    });
    const body = (await response.json()) as { access_token: string; refresh_token: string; error?: string };
    if (!response.ok) throw new Error(`${login} was refused a session: ${response.status} ${JSON.stringify(body)}`);
    secrets.push(id_token, body.access_token, body.refresh_token);
    const { sub } = JSON.parse(Buffer.from(body.access_token.split('.')[1] ?? '', 'base64url').toString()) as { sub: string };
    return {
      id: sub,
      accessToken: body.access_token,
      refreshToken: body.refresh_token,
      fetch: (path, init = {}) =>
        fetch(addresses.gateway + path, { ...init, headers: { ...init.headers, authorization: `Bearer ${body.access_token}` } }),
    };
  }

  return {
    ...addresses,
    pid: child.pid ?? 0,
    folder: data,
    startedInMs,
    as,
    advance: async (seconds) => {
      const moved = await post(`${addresses.aws}/_clock`, { advance_seconds: seconds });
      if (!moved.ok) throw new Error(`The clock did not move: ${moved.status} ${await moved.text()}`);
    },
    settled: async () => {
      const answer = await fetch(`${addresses.aws}/_settled`);
      if (!answer.ok) throw new Error(`The stack did not settle: ${await answer.text()}`);
    },
    until: async (ask, { stepSeconds = 0, timeoutMs = 20_000, what = 'what was waited for' } = {}) => {
      const deadline = performance.now() + timeoutMs;
      for (;;) {
        const answer = await ask();
        if (answer !== undefined) return answer;
        if (performance.now() > deadline) throw new Error(`${what} did not come within ${timeoutMs} ms\n${lines.slice(-30).join('\n')}`);
        if (stepSeconds > 0) await post(`${addresses.aws}/_clock`, { advance_seconds: stepSeconds });
        // Work between two moves of the clock takes real time: moved on before it is done, its timeouts would be over before it began.
        // What naps by the clock is done only when the clock moves, hence the patience.
        if (stepSeconds > 0) await settledWithin(addresses.aws, patienceMs);
        else await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    secretsSeen: () => secrets,
    remember: (secret) => void secrets.push(secret),
    output: () => lines.join('\n'),
    stop: async (signal = 'SIGTERM') => {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      if (child.exitCode === null && child.kill(signal)) await gone;
      if (options.data === undefined) await rm(data, { recursive: true, force: true });
    },
  };
}

/** The process says when its ports answer; anything else it says is kept for the test that fails. */
function ready(child: ChildProcess, lines: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        if (line.startsWith('Gatehouse is up')) resolve();
      });
    }
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The stack ended with ${code} before it was up:\n${lines.join('\n')}`)));
  });
}

function post(url: string, body: unknown): Promise<Response> {
  return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
}
