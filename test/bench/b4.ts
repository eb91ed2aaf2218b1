/**
 * B4: the CPU that a cold function takes to its first answer, over a function that only makes one DynamoDB call with the AWS SDK. Each entry is bundled as
 * SST bundles it and runs in a process of its own against the embedded stack's AWS endpoint; Node's own start is in neither.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environmentOf } from '@gatehouse/contracts/environment';
import { busName, keyAlias, machineName, secretName, tableName } from '@gatehouse/contracts/names';
import type { Capability, Route, Surface } from '@gatehouse/contracts/surface';
import { build } from 'esbuild';
import { localProfile, stage } from '../../packages/local/profile.ts';
import { loadSurfaces } from '../../packages/local/surfaces.ts';
import { companyOf } from '../support/company.ts';
import { type Person, type Stack, startStack } from '../support/stack.ts';
import { atMost, type Figure, type Measure } from './figure.ts';

const rounds = 15;
const root = fileURLToPath(new URL('../../', import.meta.url));
const runner = fileURLToPath(new URL('first-answer.mjs', import.meta.url));

type Group = 'policy' | 'otlp' | 'refusals' | 'signing' | 'admin';
/** B4's parts, in order. Administration is not held to a figure of its own; it is policy's kind of function. */
const limits: Record<Group, number> = { policy: 1.15, otlp: 1.15, refusals: 1.15, signing: 1.35, admin: 1.15 };

/** What one call is made of; fresh in each round, for what may be used once. */
interface Call {
  body?: string;
  contentType?: string;
  token?: string;
  query?: Readonly<Record<string, string>>;
}
interface Case {
  name: string;
  group: Group;
  route: string;
  status: number;
  call(actors: Actors): Promise<Call> | Call;
}
interface Actors {
  alice: Person;
  carol: Person;
  /** A session that was revoked. */
  ended: Person;
  idToken(): Promise<string>;
}

const form = (fields: Record<string, string>): Call => ({
  contentType: 'application/x-www-form-urlencoded',
  body: new URLSearchParams(fields).toString(),
});
const exchangeType = 'urn:ietf:params:oauth:grant-type:token-exchange';
const idTokenType = 'urn:ietf:params:oauth:token-type:id_token';

const cases: Case[] = [
  { name: 'settings', group: 'policy', route: 'GET /managed/settings', status: 200, call: ({ alice }) => ({ token: alice.accessToken }) },
  { name: 'own policy', group: 'policy', route: 'GET /v1/policy', status: 200, call: ({ alice }) => ({ token: alice.accessToken }) },
  { name: 'metrics', group: 'otlp', route: 'POST /v1/metrics', status: 200, call: ({ alice }) => metrics(alice) },
  { name: 'spend', group: 'policy', route: 'GET /v1/usage', status: 200, call: ({ alice }) => ({ token: alice.accessToken }) },
  {
    name: 'exchange',
    group: 'signing',
    route: 'POST /oauth/token',
    status: 200,
    call: async ({ idToken }) => form({ grant_type: exchangeType, subject_token: await idToken(), subject_token_type: idTokenType }),
  },
  {
    name: 'refresh',
    group: 'signing',
    route: 'POST /oauth/token',
    status: 200,
    call: ({ alice }) => form({ grant_type: 'refresh_token', refresh_token: alice.refreshToken }),
  },
  {
    name: 'refresh refused',
    group: 'refusals',
    route: 'POST /oauth/token',
    status: 401,
    call: ({ ended }) => form({ grant_type: 'refresh_token', refresh_token: ended.refreshToken }),
  },
  { name: 'revoke', group: 'signing', route: 'POST /oauth/revoke', status: 200, call: ({ ended }) => form({ token: ended.accessToken }) },
  {
    name: 'device',
    group: 'signing',
    route: 'POST /oauth/device_authorization',
    status: 200,
    call: () => form({ surface: 'claude_code' }),
  },
  { name: 'metadata', group: 'policy', route: 'GET /.well-known/oauth-authorization-server', status: 200, call: () => ({}) },
  {
    name: 'people',
    group: 'admin',
    route: 'GET /admin/people',
    status: 200,
    call: ({ carol }) => ({ token: carol.accessToken, query: { email: 'alice@example.com' } }),
  },
  { name: 'policies', group: 'admin', route: 'GET /admin/policies', status: 200, call: ({ carol }) => ({ token: carol.accessToken }) },
];

/** One export of one count, as Claude Code makes it each minute. */
function metrics({ accessToken }: Person): Call {
  const attributes = { type: 'input', model: 'claude-opus-4-8', 'session.id': 'bench', 'anthropic.provider': 'gateway' };
  const nanos = (ms: number) => `${ms}000000`;
  const point = {
    asInt: '7',
    startTimeUnixNano: nanos(Date.now() - 1_000),
    timeUnixNano: nanos(Date.now()),
    attributes: Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } })),
  };
  const metric = {
    name: 'claude_code.token.usage',
    unit: 'tokens',
    sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [point] },
  };
  const scope = { scope: { name: 'com.anthropic.claude_code' }, metrics: [metric] };
  return { token: accessToken, contentType: 'application/json', body: JSON.stringify({ resourceMetrics: [{ scopeMetrics: [scope] }] }) };
}

interface Function {
  bundle: string;
  exported: string;
  env: Readonly<Record<string, string>>;
}

export const measure: Measure = async (say) => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-bench-'));
  const stack = await startStack();
  try {
    const surfaces = await loadSurfaces();
    const bare = await bundle(folder, 'bare', 'test/bench/bare-dynamodb.handler');
    const functions = new Map<string, Function>();
    const chosen = [...cases, ...refusals(surfaces)].filter(({ route }) => routeOf(surfaces, route));
    for (const { route } of chosen) {
      const { surface, entry } = ownerOf(surfaces, route);
      const name = `${surface.capability}-${entry}`;
      if (functions.has(name)) continue;
      const made = await bundle(folder, name, surface.entries[entry]?.handler ?? '');
      functions.set(name, { ...made, env: await variables(stack, surface, entry) });
      say(`${name}: ${((await stat(made.bundle)).size / 1024).toFixed(0)} KB`);
    }
    const ratios = new Map<Case, number[]>(chosen.map((one) => [one, []]));
    const micros: number[] = [];
    for (let round = -1; round < rounds; round++) {
      const actors = await castOf(stack);
      const base = await coldStart(stack, { ...bare, env: {} }, { table: tableName(stage, 'access') }, 200);
      if (round >= 0) micros.push(base);
      for (const one of chosen) {
        const { surface, entry } = ownerOf(surfaces, one.route);
        const found = functions.get(`${surface.capability}-${entry}`);
        if (!found) throw new Error(`${one.name} has no bundle`);
        const taken = await coldStart(stack, found, eventOf(one.route, await one.call(actors)), one.status, one.name);
        if (round >= 0) ratios.get(one)?.push(taken / base);
      }
    }
    say(`one DynamoDB call: ${(median(micros) / 1000).toFixed(1)} ms of CPU`);
    for (const [{ name, group }, values] of ratios) say(`${group.padEnd(9)} ${name.padEnd(28)} ${median(values).toFixed(3)}x`);
    return figures(ratios);
  } finally {
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  }
};

/** Of each group its dearest function: if that holds, all do. */
function figures(ratios: ReadonlyMap<Case, readonly number[]>): Record<string, Figure> {
  const entries = Object.entries(limits).flatMap(([group, limit], index): [string, Figure][] => {
    const values = [...ratios].filter(([one]) => one.group === group).map(([, found]) => found);
    const dearest = values.sort((a, b) => median(b) - median(a))[0];
    return dearest ? [[`B4${String.fromCharCode(97 + index)}`, atMost(limit, `x one DynamoDB call (${group})`, dearest)]] : [];
  });
  return Object.fromEntries(entries);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
}

/** Every function that asks for a token, asked with one whose session has ended: one route each. */
function refusals(surfaces: readonly Surface[]): Case[] {
  return surfaces.flatMap((surface) => {
    const guarded = (surface.routes ?? []).filter(({ admit }) => admit !== 'none');
    const first = new Map(guarded.map((route): [string, Route] => [route.entry, route]).reverse());
    return [...first.values()].map(
      ({ method, path, entry }): Case => ({
        name: `${surface.capability} ${entry} refused`,
        group: 'refusals',
        route: `${method} ${path}`,
        status: 401,
        call: ({ ended }) => ({ token: ended.accessToken }),
      }),
    );
  });
}

function routeOf(surfaces: readonly Surface[], wanted: string): { surface: Surface; entry: string } | undefined {
  for (const surface of surfaces)
    for (const { method, path, entry } of surface.routes ?? []) if (`${method} ${path}` === wanted) return { surface, entry };
  return undefined;
}

function ownerOf(surfaces: readonly Surface[], route: string): { surface: Surface; entry: string } {
  const found = routeOf(surfaces, route);
  if (!found) throw new Error(`Nobody serves ${route}`);
  return found;
}

/** esbuild's options as SST 4 sets them for a Node.js function (its pkg/runtime/node), with the `minify` of our stacks. */
async function bundle(folder: string, name: string, handler: string): Promise<Omit<Function, 'env'>> {
  const at = handler.lastIndexOf('.');
  const outfile = join(folder, name, 'bundle.mjs');
  await build({
    entryPoints: [join(root, `${handler.slice(0, at)}.ts`)],
    outfile,
    bundle: true,
    minify: true,
    keepNames: true,
    platform: 'node',
    format: 'esm',
    target: 'esnext',
    mainFields: ['module', 'main'],
    logLevel: 'error',
    banner: {
      js: "import { createRequire as topLevelCreateRequire } from 'module'; const require = topLevelCreateRequire(import.meta.url);",
    },
  });
  return { bundle: outfile, exported: handler.slice(at + 1) };
}

async function variables(stack: Stack, surface: Surface, entry: string): Promise<Record<string, string>> {
  const { aws } = companyOf(stack);
  const found = surface.entries[entry];
  if (!found) throw new Error(`${surface.capability} has no entry ${entry}`);
  const { Aliases } = await aws<{ Aliases: { AliasName: string; TargetKeyId: string }[] }>('TrentService', 'ListAliases', {});
  const parts: Readonly<Record<string, unknown>> = localProfile(stack);
  const arn = (service: string, rest: string) => `arn:aws:${service}:us-east-1:000000000000:${rest}`;
  return environmentOf(surface, found, {
    config: (capability) => JSON.stringify(parts[capability] ?? {}),
    publicUrl: () => stack.gateway,
    table: (capability) => tableName(stage, capability),
    key: (key) => {
      const [capability = '', name = ''] = key.split('/');
      const alias = keyAlias(stage, capability as Capability, name);
      return arn('kms', `key/${Aliases.find(({ AliasName }) => AliasName === alias)?.TargetKeyId}`);
    },
    secret: (capability, secret) => secretName(stage, capability, secret),
    bucket: (bucket) => bucket.replace('/', '-'),
    step: (step) => arn('lambda', `function:unused-${step}:live`),
    machine: (machine) => arn('states', `stateMachine:${machineName(stage, machine)}`),
    bus: () => busName(stage),
  });
}

async function castOf(stack: Stack): Promise<Actors> {
  const [alice, carol, ended] = [
    await stack.as('alice@example.com'),
    await stack.as('carol@example.com'),
    await stack.as('bob@example.com'),
  ];
  await fetch(`${stack.gateway}/oauth/revoke`, { method: 'POST', body: new URLSearchParams({ token: ended.accessToken }) });
  return { alice, carol, ended, idToken: () => companyOf(stack).idToken('alice@example.com') };
}

/** As API Gateway's proxy integration sends it. */
function eventOf(route: string, { token, contentType, body, query = {} }: Call): object {
  const [httpMethod, path] = route.split(' ');
  return {
    httpMethod,
    resource: path,
    path,
    multiValueHeaders: {
      ...(token && { Authorization: [`Bearer ${token}`] }),
      ...(contentType && { 'Content-Type': [contentType] }),
    },
    multiValueQueryStringParameters: Object.fromEntries(Object.entries(query).map(([name, value]) => [name, [value]])),
    pathParameters: null,
    body: body ?? null,
    isBase64Encoded: false,
    requestContext: { requestId: 'bench', identity: { sourceIp: '127.0.0.1' } },
  };
}

/** Microseconds of CPU. @throws when the answer is not the one that is measured. */
async function coldStart(stack: Stack, { bundle, exported, env }: Function, event: object, status: number, name = ''): Promise<number> {
  const child = spawn(process.execPath, [runner, bundle, exported], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH ?? '',
      AWS_ENDPOINT_URL: stack.aws,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'bench',
      AWS_SECRET_ACCESS_KEY: 'bench',
      AWS_LAMBDA_FUNCTION_NAME: 'bench',
      ...env,
    },
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdin.end(JSON.stringify(event));
  await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  const output = Buffer.concat(chunks).toString();
  const told = JSON.parse(output.trim().split('\n').at(-1) ?? '{}') as { status?: number; micros?: number };
  if (told.status !== status || told.micros === undefined)
    throw new Error(`${name} answered ${told.status}, expected ${status}: ${output.slice(-2_000)}`);
  return told.micros;
}
