/** `npm run deploy -- STAGE --dry-run` as a stranger types it, in a copy of the repository, against an account on loopback: the doctor, then SST itself. */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { goodAccount, startAccount } from '../../stacks/doctor/account.fixture.ts';
import { startAwsLoopback } from '../support/sst-diff/aws-loopback.ts';
import { buildsOf } from '../support/sst-diff/builds.ts';
import { codeDigest } from '../support/sst-diff/capture.ts';
import { installPulumiStandIn, root, sstEnvironment, workFolder } from '../support/sst-diff/environment.ts';
import { exclusively } from '../support/sst-diff/lock.ts';
import { ensurePlatform } from '../support/sst-diff/platform.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-stranger-'));
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(() => {
  ensurePlatform();
  installPulumiStandIn();
  for (const copied of ['stacks', 'sst.config.ts', 'package.json', 'tsconfig.json'])
    cpSync(path.join(root, copied), path.join(folder, copied), { recursive: true });
  for (const shared of ['packages', 'events', 'node_modules']) symlinkSync(path.join(root, shared), path.join(folder, shared));
  mkdirSync(path.join(folder, '.sst'));
  symlinkSync(path.join(workFolder, 'platform'), path.join(folder, '.sst/platform'));
  cpSync(path.join(workFolder, 'provider-lock.json'), path.join(folder, '.sst/provider-lock.json'));
});

async function npmRun(parameters: readonly string[], env: NodeJS.ProcessEnv): Promise<{ status: number | null; said: string }> {
  const child = spawn('npm', ['run', '--silent', ...parameters], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, said };
}

it('shows everything that would be created, and creates nothing', async () => {
  const profile = readFileSync(path.join(root, 'stacks/profiles/evaluation.yaml'), 'utf8').replaceAll(
    /example\.(okta\.)?com/g,
    'acme.example',
  );
  writeFileSync(path.join(folder, 'stacks/profiles/mine.yaml'), profile);
  const [account, aws] = [await startAccount(goodAccount), await startAwsLoopback()];
  try {
    const env = {
      ...sstEnvironment(account.url, buildsOf(codeDigest())),
      AWS_ENDPOINT_URL_S3: aws.url,
      AWS_ENDPOINT_URL_SSM: aws.url,
    };
    const { status, said } = await exclusively(() => npmRun(['deploy', '--', 'mine', '--dry-run'], env));
    expect(status, said).toBe(0);
    expect(said).toMatch(/\+\s+ApiEndpoint aws:ec2:VpcEndpoint/);
    const changes = said.split('\n').filter((line) => /^[^|]\s+\w+ aws:/.test(line));
    expect(changes.filter((line) => !line.startsWith('+'))).toEqual([]);
  } finally {
    account.close();
    aws.close();
  }
}, 120_000);
