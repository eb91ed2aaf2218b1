/** Proves that the linter refuses what a pure file may not do: one file a violation, in a tree shaped like ours. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '..', '..');
const pure = 'packages/access/pure.ts';

/** What it is, the line that does it, and the file it is written into, when that is not a pure one. */
type Case = readonly [title: string, source: string, file?: string];

const refused: readonly Case[] = [
  ['imports an AWS SDK client', "import { KMSClient } from '@aws-sdk/client-kms'; export const client = KMSClient;"],
  ['imports an AWS SDK client later', "export const load = () => import('@aws-sdk/client-kms');"],
  ['imports Smithy', "import { x } from '@smithy/types'; export const y = x;"],
  ["imports Lambda's types", "import type { Context } from 'aws-lambda'; export type Call = Context;"],
  ['imports middy', "import middy from '@middy/core'; export const wrap = middy;"],
  ['imports Powertools', "import { Logger } from '@aws-lambda-powertools/logger'; export const log = Logger;"],
  ['imports the runtime', "import { http } from '@gatehouse/runtime/http'; export const wrap = http;"],
  ['imports an adapter beside it', "import { rows } from './rows.dynamo.ts'; export const read = rows;"],
  ['imports an adapter of another folder', "import { rows } from '../core/rows.dynamo.ts'; export const read = rows;"],
  ['reads files', "import { readFileSync } from 'node:fs'; export const read = readFileSync;"],
  ['reads files by promise', "import { readFile } from 'node:fs/promises'; export const read = readFile;"],
  ['opens sockets', "import { connect } from 'node:net'; export const open = connect;"],
  ['makes random bytes', "import { randomBytes } from 'node:crypto'; export const bytes = randomBytes;"],
  ['makes ids', "import { randomUUID } from 'node:crypto'; export const id = randomUUID;"],
  ['makes ids by the global', 'export const id = () => crypto.randomUUID();'],
  ['takes all of node:crypto', "import * as all from 'node:crypto'; export const everything = all;"],
  ['reads the environment', 'export const table = process.env.TABLE_ACCESS;'],
  ['reads the environment by another name', 'const { env } = process; export const table = env.TABLE_ACCESS;'],
  ['reads the clock', 'export const now = () => Date.now();'],
  ['hands out the clock', 'export const now = Date.now;'],
  ['makes a date of now', 'export const now = () => new Date();'],
  ['reads the process clock', 'export const now = () => performance.now();'],
  ['waits', 'export const wait = (then: () => void) => setTimeout(then, 1);'],
  ['rolls dice', 'export const dice = () => Math.random();'],
  ['calls out', "export const call = () => fetch('https://example.com/');"],
  ['lets a promise float', 'async function write() {}\nexport function go() { write(); }'],
  ['wraps an entry by hand', "import middy from '@middy/core'; export const handler = middy;", 'packages/access/entry.lambda.ts'],
  ['logs by hand', "import { Logger } from '@aws-lambda-powertools/logger'; export const log = Logger;", 'packages/access/rows.dynamo.ts'],
  ['reads the clock in a fact', 'export const now = () => Date.now();', 'events/pure.ts'],
  ['reads the clock in a contract', 'export const now = () => Date.now();', 'packages/contracts/records/pure.ts'],
];

const allowed: readonly Case[] = [
  ['a hash', "import { createHash } from 'node:crypto'; export const hash = createHash;"],
  ['a signature check', "import { verify } from 'node:crypto'; export const check = verify;"],
  ['bytes', "import { Buffer } from 'node:buffer'; export const bytes = Buffer.from('a');"],
  ['decompression', "import { gunzipSync } from 'node:zlib'; export const gunzip = gunzipSync;"],
  ['a date of an argument', 'export const date = (now: number) => new Date(now);'],
  ['a pure file beside it', "import { rows } from './rows.ts'; export const read = rows;"],
  ['the kernel', "import { ok } from '@gatehouse/core/result'; export const done = ok;"],
  [
    'the SDK in an adapter',
    "import { KMSClient } from '@aws-sdk/client-kms'; export const client = KMSClient;",
    'packages/access/keys.kms.ts',
  ],
  ['the clock in an adapter', 'export const now = () => Date.now();', 'packages/access/time.lambda.ts'],
  ['middy in the runtime', "import middy from '@middy/core'; export const wrap = middy;", 'packages/runtime/wrap.ts'],
];

const folder = mkdtempSync(path.join(tmpdir(), 'purity-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Report {
  diagnostics: { severity: string; category: string; location: { path: string | { file: string } } }[];
}

/** Each case in a file of its own, all linted in one run. Returns the errors of each, by its title. */
function lint(cases: readonly Case[]): ReadonlyMap<string, string[]> {
  for (const file of ['.biome.json', 'test/structure/purity.grit']) cpSync(path.join(root, file), path.join(folder, file));
  const titles = new Map<string, string>();
  for (const [index, [title, source, written = pure]] of cases.entries()) {
    const file = written.replace(/[^/]+$/, (name) => `case-${index}-${name}`);
    titles.set(file, title);
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), `${source}\n`);
  }
  const biome = path.join(root, 'node_modules', '.bin', 'biome');
  const flags = ['lint', '--vcs-enabled=false', '--reporter=json', '--max-diagnostics=none', '.'];
  const { stdout } = spawnSync(biome, flags, { cwd: folder, encoding: 'utf8' });
  const { diagnostics }: Report = JSON.parse(stdout);
  const errors = new Map([...titles.values()].map((title): [string, string[]] => [title, []]));
  for (const { severity, category, location } of diagnostics) {
    const file = typeof location.path === 'string' ? location.path : location.path.file;
    if (severity === 'error') errors.get(titles.get(file) ?? '')?.push(category);
  }
  return errors;
}

const errors = lint([...refused, ...allowed]);

describe('the linter refuses a file that', () => {
  it.each(refused.map(([title]) => title))('%s', (title) => {
    expect(errors.get(title)).toContainEqual(expect.stringMatching(/^(lint\/|plugin)/));
  });
});

describe('the linter allows', () => {
  it.each(allowed.map(([title]) => title))('%s', (title) => {
    expect(errors.get(title)).toEqual([]);
  });
});
