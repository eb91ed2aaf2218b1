/**
 * B9: what the gateway adds to a streamed answer, over ten lines that only pass it on: CPU for each megabyte at a pace above any model's, and time to the first byte. Both handlers run
 * in the same kind of host process and ask the same upstream; tables and models run apart.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { secretName, tableName } from '@gatehouse/contracts/names';
import { localModelKeys } from '../../packages/local/outside/anthropic/doors.ts';
import { addressesOf, localProfile, stage } from '../../packages/local/profile.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { atMost, type Measure } from './figure.ts';

const path = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const streams = 7;
const prompts = 120;

interface Host {
  process: ChildProcess;
  url: string;
}

export const measure: Measure = async (say) => {
  const stack = await startStack();
  const hosts: Host[] = [];
  try {
    const product = await host(path('../../packages/inference/gateway.lambda.ts'), productEnv(stack));
    hosts.push(product);
    const upstream = { UPSTREAM_URL: `${stack.outside}/anthropic/v1/messages`, UPSTREAM_KEY: localModelKeys.anthropic };
    const bare = await host(path('bare-stream.ts'), upstream);
    hosts.push(bare);
    const { accessToken } = await stack.as('alice@example.com');
    await script(stack, { text: 'Hello.', usage: { input_tokens: 1_000, output_tokens: 10 } });
    const [first, others]: [number[], number[]] = [[], []];
    for (let round = -20; round < prompts; round++) {
      const theirs = await firstByteMs(bare, accessToken);
      const ours = await firstByteMs(product, accessToken);
      if (round < 0) continue;
      first.push(ours);
      others.push(theirs);
    }
    say(
      `first byte after ${at(first, 0.5).toFixed(1)} ms (p99 ${at(first, 0.99).toFixed(1)}), bare ${at(others, 0.5).toFixed(1)} (p99 ${at(others, 0.99).toFixed(1)})`,
    );
    const compare = async (wish: object, told: string): Promise<number[]> => {
      await script(stack, { ...wish, chunk_chars: 12, usage: { input_tokens: 1_000, output_tokens: 10 } });
      const ratios: number[] = [];
      for (let round = -2; round < streams; round++) {
        const theirs = await cpuOfStream(bare, accessToken);
        const ours = await cpuOfStream(product, accessToken);
        if (round < 0) continue;
        ratios.push(ours / theirs);
        say(`${told}: ${ours.toFixed(0)} ms of CPU for each MB, and ${theirs.toFixed(0)} bare`);
      }
      return ratios;
    };
    const paced = await compare({ tokens: 6_000, gap_ms: 1 }, 'a thousand events a second');
    // What no model does: whoever finds most in each read wins, and that is luck.
    const flood = await compare({ tokens: 120_000 }, 'all at once');
    say(`all at once: ${at(flood, 0.5).toFixed(2)}x`);
    return {
      B9a: atMost(1.5, 'x the CPU for each MB', paced),
      B9b: atMost(25, 'ms to the first byte added, p50', [at(first, 0.5) - at(others, 0.5)]),
      B9c: atMost(100, 'ms to the first byte added, p99', [at(first, 0.99) - at(others, 0.99)]),
    };
  } finally {
    for (const { process: child } of hosts) {
      child.kill();
      await once(child, 'exit');
    }
    await stack.stop();
  }
};

function productEnv(stack: Stack): Record<string, string> {
  const { inference } = localProfile(addressesOf(Number(new URL(stack.gateway).port)));
  return {
    AWS_ENDPOINT_URL: stack.aws,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    PUBLIC_URL: stack.gateway,
    CONFIG: JSON.stringify(inference),
    TABLE_ACCESS: tableName(stage, 'access'),
    TABLE_INFERENCE: tableName(stage, 'inference'),
    TABLE_POLICY: tableName(stage, 'policy'),
    TABLE_USAGE: tableName(stage, 'usage'),
    SECRET_ANTHROPIC_KEY_ARN: secretName(stage, 'inference', 'anthropic-key'),
    SECRET_ANTHROPIC_AWS_KEY_ARN: secretName(stage, 'inference', 'anthropic-aws-key'),
    POWERTOOLS_LOG_LEVEL: 'WARN',
  };
}

async function host(file: string, env: Record<string, string>): Promise<Host> {
  const child = spawn(process.execPath, [path('b9-host.ts'), file, '/v1/messages'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH ?? '', ...env },
  });
  const port = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [, found] = /^listening (\d+)$/.exec(line) ?? [];
      if (found) resolve(found);
    });
    child.once('exit', () => reject(new Error(`The host of ${file} ended before it listened`)));
  });
  return { process: child, url: `http://127.0.0.1:${port}` };
}

function ask({ url }: Host, accessToken: string): Promise<Response> {
  const body = { model: 'claude-opus-4-8', max_tokens: 128_000, stream: true, messages: [{ role: 'user', content: 'x'.repeat(50_000) }] };
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}`, 'anthropic-version': '2023-06-01' },
    body: JSON.stringify(body),
  });
}

/** Milliseconds of CPU for each megabyte, of the whole host process. */
async function cpuOfStream(from: Host, accessToken: string): Promise<number> {
  const before = await cpuOf(from);
  const answer = await ask(from, accessToken);
  if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
  const { byteLength } = await answer.arrayBuffer();
  return ((await cpuOf(from)) - before) / 1_000 / (byteLength / 1_000_000);
}

async function cpuOf({ url }: Host): Promise<number> {
  return ((await (await fetch(`${url}/cpu`)).json()) as { micros: number }).micros;
}

async function firstByteMs(from: Host, accessToken: string): Promise<number> {
  const began = performance.now();
  const answer = await ask(from, accessToken);
  const reader = answer.body?.getReader();
  await reader?.read();
  const took = performance.now() - began;
  while (!(await reader?.read())?.done);
  return took;
}

async function script({ outside }: Stack, body: object): Promise<void> {
  await fetch(`${outside}/_model`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
}

function at(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
