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
import { bucketName, busName, functionName, keyAlias, machineName, secretName, tableName } from '@gatehouse/contracts/names';
import type { Capability, Surface } from '@gatehouse/contracts/surface';
import { build } from 'esbuild';
import { localProfile, stage } from '../../packages/local/profile.ts';
import { loadSurfaces } from '../../packages/local/surfaces.ts';
import { companyOf } from '../support/company.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { type Actors, type ColdCall, coldCalls, type Sent } from './cold-calls.ts';
import { atMost, type Figure, type Measure } from './figure.ts';

const rounds = 15;
const root = fileURLToPath(new URL('../../', import.meta.url));
const runner = fileURLToPath(new URL('first-answer.mjs', import.meta.url));

/** DESIGN: what each class of function may take. */
const limits = { B4a: ['reads', 1.15], B4b: ['calls', 1.35] } as const;

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
    const calls = coldCalls(surfaces);
    const functions = new Map<string, Function>();
    for (const { surface, entry } of calls) {
      const name = `${surface.capability}-${entry}`;
      if (functions.has(name)) continue;
      const made = await bundle(folder, name, surface.entries[entry]?.handler ?? '');
      functions.set(name, { ...made, env: await variables(stack, surfaces, surface, entry) });
      say(`${name}: ${((await stat(made.bundle)).size / 1024).toFixed(0)} KB`);
    }
    const ratios = new Map<ColdCall, number[]>(calls.map((one) => [one, []]));
    const micros: number[] = [];
    for (let round = -1; round < rounds; round++) {
      const actors = await castOf(stack);
      const base = await coldStart(stack, { ...bare, env: {} }, { table: tableName(stage, 'access') }, 200);
      if (round >= 0) micros.push(base);
      for (const one of calls) {
        const found = functions.get(`${one.surface.capability}-${one.entry}`);
        if (!found) throw new Error(`${one.name} has no bundle`);
        const taken = await coldStart(stack, found, eventOf(one.route, await one.sent(actors)), one.status, one.name);
        if (round >= 0) ratios.get(one)?.push(taken / base);
      }
    }
    say(`one DynamoDB call: ${(median(micros) / 1000).toFixed(1)} ms of CPU`);
    for (const [one, values] of ratios) say(`${one.class}  ${median(values).toFixed(3)}x  ${one.name}`);
    return figures(ratios);
  } finally {
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  }
};

/** Of each class its dearest function: if that holds, all do. */
function figures(ratios: ReadonlyMap<ColdCall, readonly number[]>): Record<string, Figure> {
  const entries = Object.entries(limits).flatMap(([id, [name, limit]]): [string, Figure][] => {
    const values = [...ratios].filter(([one]) => one.class === name).map(([, found]) => found);
    const dearest = values.sort((a, b) => median(b) - median(a))[0];
    return dearest ? [[id, atMost(limit, 'x one DynamoDB call', dearest)]] : [];
  });
  return Object.fromEntries(entries);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
}

/** esbuild's options as SST 4 sets them for a Node.js function (its pkg/runtime/node), with the `minify` and `splitting` of our stacks. */
async function bundle(folder: string, name: string, handler: string): Promise<Omit<Function, 'env'>> {
  const at = handler.lastIndexOf('.');
  const outdir = join(folder, name);
  await build({
    entryPoints: [join(root, `${handler.slice(0, at)}.ts`)],
    outdir,
    entryNames: 'bundle',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minify: true,
    splitting: true,
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
  return { bundle: join(outdir, 'bundle.mjs'), exported: handler.slice(at + 1) };
}

function stepFunction(surfaces: readonly Surface[], step: string): string {
  const owner = surfaces.find(({ steps }) => steps?.[step]);
  if (!owner?.steps?.[step]) throw new Error(`Nobody offers the step ${step}`);
  return functionName(stage, owner.capability, owner.steps[step]);
}

async function variables(stack: Stack, surfaces: readonly Surface[], surface: Surface, entry: string): Promise<Record<string, string>> {
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
    bucket: (bucket) => {
      const [capability = '', name = ''] = bucket.split('/');
      return bucketName(stage, capability as Capability, name, { account: '000000000000', region: 'us-east-1' });
    },
    step: (step) => arn('lambda', `function:${stepFunction(surfaces, step)}:live`),
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
  const { aws, idToken } = companyOf(stack);
  const wish = { SecretId: secretName(stage, 'people', 'scim-1') };
  const { SecretString: scimSecret } = await aws<{ SecretString: string }>('secretsmanager', 'GetSecretValue', wish);
  return { alice, carol, ended, idToken: () => idToken('alice@example.com'), scimSecret };
}

/** As API Gateway's proxy integration sends it. */
function eventOf(route: string, { token, contentType, body, query = {}, path: parts = {} }: Sent): object {
  const [httpMethod, resource = ''] = route.split(' ');
  return {
    httpMethod,
    resource,
    path: resource.replace(/{(\w+)\+?}/g, (_, name: string) => parts[name] ?? ''),
    multiValueHeaders: {
      ...(token && { Authorization: [`Bearer ${token}`] }),
      ...(contentType && { 'Content-Type': [contentType] }),
    },
    multiValueQueryStringParameters: Object.fromEntries(Object.entries(query).map(([name, value]) => [name, [value]])),
    pathParameters: parts,
    body: body ?? null,
    isBase64Encoded: false,
    requestContext: { requestId: 'bench', identity: { sourceIp: '127.0.0.1' } },
  };
}

/** Microseconds of CPU. @throws when the answer is not the one that is measured. */
async function coldStart(
  stack: Stack,
  { bundle, exported, env }: Function,
  event: object,
  status: number | undefined,
  name = '',
): Promise<number> {
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
  const asked = status === undefined ? [401, 403].every((one) => one !== told.status) && Number(told.status) < 500 : told.status === status;
  if (!asked || told.micros === undefined)
    throw new Error(`${name} answered ${told.status}, expected ${status ?? 'an answer'}: ${output.slice(-2_000)}`);
  return told.micros;
}
