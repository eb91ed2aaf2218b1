/** A deployment that cannot be right is refused in a sentence, with 1, before anything is asked of AWS. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const root = path.join(import.meta.dirname, '..');
const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-profiles-'));
const profiles = path.join(folder, 'stacks/profiles');
mkdirSync(path.dirname(profiles));
cpSync(path.join(root, 'stacks/profiles'), profiles, { recursive: true });
afterAll(() => rmSync(folder, { recursive: true }));

const evaluation = readFileSync(path.join(root, 'stacks/profiles/evaluation.yaml'), 'utf8').replaceAll(
  /example\.(okta\.)?com/g,
  'acme.example',
);

function deploy(...parameters: string[]) {
  // Without an address that answers: a call of AWS would hang or fail, and be told in other words.
  const env = { PATH: process.env.PATH, HOME: '/nonexistent', AWS_ENDPOINT_URL: 'http://127.0.0.1:9' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(root, 'stacks/deploy.main.ts'), ...parameters], {
    cwd: folder,
    env,
    encoding: 'utf8',
  });
  return { status, said: stdout + stderr };
}

describe.each([
  ['a region that is none', /region: us-east-1/, 'region: virginia', 'at region'],
  ['a member that nobody knows', /zones: 1/, 'zonez: 1', 'zonez'],
  [
    'a certificate of another region',
    /zones: 1/,
    'domain: { name: claude.acme.example, certificate_arn: "arn:aws:acm:eu-west-1:0:certificate/1" }',
    'is not in us-east-1',
  ],
  [
    'lists that outgrow a function',
    /- \{ kind: okta, issuer: \S+ audiences.*/,
    Array.from({ length: 60 }, (_, n) => `- { issuer: "https://login-${n}.acme.example", audiences: [gatehouse] }`).join('\n    '),
    'Lambda takes 4096',
  ],
])('%s', (_, right, wrong, said) => {
  it('is told, and nothing is deployed', () => {
    const text = evaluation.replace(right, wrong);
    expect(text).not.toBe(evaluation);
    writeFileSync(path.join(profiles, 'mine.yaml'), text);
    const answer = deploy('mine');
    expect(answer).toMatchObject({ status: 1 });
    expect(answer.said).toContain(said);
    expect(answer.said).toContain('Nothing was deployed.');
  });
});

it('a stage without a profile is told which to copy', () => {
  const answer = deploy('nowhere');
  expect(answer.status).toBe(1);
  expect(answer.said).toMatch(
    /There is no stacks\/profiles\/nowhere\.yaml: copy one of bundled, evaluation, existing-pool, .*new, own-idp/,
  );
});

it('an example is not deployed', () => {
  const answer = deploy('bundled');
  expect(answer.status).toBe(1);
  expect(answer.said).toMatch(/still names example\.com[\s\S]*Nothing was deployed/);
});

it('a command that is none is told how it is written', () => {
  expect(deploy()).toMatchObject({ status: 2, said: expect.stringContaining('npm run deploy -- STAGE') });
  expect(deploy('bundled', '--fast').status).toBe(2);
});
