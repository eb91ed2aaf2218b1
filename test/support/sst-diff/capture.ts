/** Runs the real `sst diff` for a stage, offline, and keeps the answer until something it reads has changed. One run at a time. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { profilesFolder } from '../../../stacks/profile.ts';
import { startAwsLoopback } from './aws-loopback.ts';
import { buildsOf } from './builds.ts';
import { installPulumiStandIn, root, sstBinary, sstEnvironment, workFolder } from './environment.ts';
import type { Resource } from './graph.ts';
import { exclusively } from './lock.ts';
import { ensurePlatform } from './platform.ts';

const folder = path.join(workFolder, 'graph');

/** What `sst diff --json` says of one resource. */
interface Change {
  urn: string;
  type: string;
  new: { inputs: unknown; protect?: boolean; retainOnDelete?: boolean };
}

export async function capture(stage: string): Promise<Resource[]> {
  const file = path.join(folder, `${stage}.${inputsDigest(stage)}.json`);
  if (!existsSync(file)) {
    await exclusively(async () => {
      if (existsSync(file)) return;
      ensurePlatform();
      const started = performance.now();
      const changes = await diff(stage);
      for (const old of globSync(path.join(folder, `${stage}.*.json`))) rmSync(old);
      writeFileSync(file, JSON.stringify(changes.map(resourceOf)));
      console.log(`sst diff ${stage}: ${changes.length} resources in ${((performance.now() - started) / 1000).toFixed(1)} s`);
    });
  }
  return JSON.parse(readFileSync(file, 'utf8'));
}

function resourceOf(change: Change): Resource {
  return {
    urn: change.urn,
    type: change.type,
    name: change.urn.split('::').at(-1) ?? '',
    inputs: change.new.inputs,
    protect: change.new.protect ?? false,
    retainOnDelete: change.new.retainOnDelete ?? false,
  };
}

/** Over every file that the program of this stage, its functions or this harness read. */
function inputsDigest(stage: string): string {
  return digestOf([path.relative(root, path.resolve(root, profilesFolder(), `${stage}.yaml`))]);
}

/** Over the same without a stage's own. */
export function codeDigest(): string {
  return digestOf([]);
}

function digestOf(more: readonly string[]): string {
  const patterns = ['sst.config.ts', 'package-lock.json', ...more, '{stacks,packages,events}/**/*.{ts,json}', 'test/support/sst-diff/*.ts'];
  const exclude = ['**/node_modules/**', '**/*.test.ts', 'packages/local/**', '**/sst-env.d.ts'];
  const files = globSync(patterns, { cwd: root, exclude }).sort();
  const hash = createHash('sha256');
  for (const file of files)
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(path.join(root, file)))
      .update('\0');
  return hash.digest('hex').slice(0, 16);
}

async function diff(stage: string): Promise<Change[]> {
  mkdirSync(folder, { recursive: true });
  installPulumiStandIn();
  const log = path.join(workFolder, 'log', 'pulumi.err.log'); // with --json, SST keeps the program's error to itself
  rmSync(log, { force: true });
  const aws = await startAwsLoopback();
  try {
    const { status, stdout, stderr } = await run(['diff', '--json', '--stage', stage], sstEnvironment(aws.url, buildsOf(codeDigest())));
    const start = stdout.indexOf('[');
    if (status !== 0 || start < 0) {
      const said = existsSync(log) ? readFileSync(log, 'utf8') : '';
      throw new Error(`"sst diff --stage ${stage}" ended with ${status}:\n${said}\n${stderr}\n${stdout}`.trim());
    }
    return JSON.parse(stdout.slice(start));
  } finally {
    aws.close();
  }
}

async function run(parameters: string[], env: NodeJS.ProcessEnv): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = spawn(sstBinary, parameters, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 180_000 });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { status, stdout, stderr };
}

if (import.meta.main) {
  for (const stage of process.argv.slice(2)) await capture(stage);
}
