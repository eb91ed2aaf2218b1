/** A deployment that cannot be right is refused in a sentence, with 1, before anything is asked of AWS that would change it. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { type Account, goodAccount, goodCertificate, startAccount } from './doctor/account.fixture.ts';
import { inTheWay } from './doctor/examine.ts';

const root = path.join(import.meta.dirname, '..');
const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-profiles-'));
const profiles = path.join(folder, 'stacks/profiles');
mkdirSync(path.dirname(profiles));
cpSync(path.join(root, 'stacks/profiles'), profiles, { recursive: true });
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

const acme = (stage: string) =>
  readFileSync(path.join(root, `stacks/profiles/${stage}.yaml`), 'utf8').replaceAll(/example\.(okta\.)?com/g, 'acme.example');

/** What keeps this profile from being deployed to this account, one text. */
async function refusal(text: string, account: Partial<Account> = {}, variables: Readonly<Record<string, string>> = {}): Promise<string> {
  writeFileSync(path.join(profiles, 'mine.yaml'), text);
  const there = await startAccount({ ...goodAccount, ...account });
  const environment = { AWS_ENDPOINT_URL: there.url, AWS_ACCESS_KEY_ID: 'me', AWS_SECRET_ACCESS_KEY: 'any', AWS_REGION: '', ...variables };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value || undefined);
  try {
    return (await inTheWay('mine', folder)).map(({ check, says, mend }) => `${check}: ${says} -> ${mend}`).join('\n');
  } finally {
    there.close();
  }
}

it.each(['evaluation', 'new', 'existing-pool', 'own-idp', 'bundled'])(
  'nothing is in the way of %s with a company of its own',
  async (stage) => {
    // The name is asked of this machine's resolver, which knows none of the company's.
    expect(await refusal(acme(stage), { certificate: { ...goodCertificate, name: 'claude.acme.example' } })).toBe('');
  },
);

describe.each([
  ['a region that is none', /region: us-east-1/, 'region: virginia', 'mine.yaml:4: region: '],
  ['a member that nobody knows', /zones: 1/, 'zonez: 1', 'did you mean "zones"?'],
  [
    'a certificate of another region',
    /zones: 1/,
    'domain: { name: claude.acme.example, certificate_arn: "arn:aws:acm:eu-west-1:0:certificate/1" }',
    'the certificate is not in us-east-1, where this stage is',
  ],
  [
    'lists that outgrow a function',
    /- \{ kind: okta, issuer: \S+ audiences.*/,
    Array.from({ length: 60 }, (_, n) => `- { issuer: "https://login-${n}.acme.example", audiences: [gatehouse] }`).join('\n    '),
    'Lambda takes 4096',
  ],
  ['a region that AWS has not', /region: us-east-1/, 'region: eu_central', 'it is no region of AWS, as eu-central-1 is one'],
  ['zones that are none', /zones: 1/, 'zones: three', 'zones: expected 1 or 2'],
  ['an issuer without TLS', /issuer: https:/g, 'issuer: http:', 'would be asked for its keys without TLS'],
  ['an address that is none', /url: https:\S+/, 'url: ftp://acme.example', 'it is no address that begins with https:// or http://'],
  ['a stage that rests on nothing', /zones: 1/, 'parked: true', 'a stage that keeps no data has nothing to rest on'],
  ['nothing at all', /[\s\S]*/, '', 'mine.yaml is empty'],
  ['YAML that is none', /region: us-east-1/, 'region: [', 'is not YAML'],
])('%s', (_, right, wrong, said) => {
  it('is in the way', async () => {
    const text = acme('evaluation').replace(right, wrong);
    expect(text).not.toBe(acme('evaluation'));
    expect(await refusal(text)).toContain(said);
  });
});

describe('an account is in the way', () => {
  it.each<[string, Partial<Account>, Readonly<Record<string, string>>, string]>([
    ['without the zone', { zone: undefined }, {}, 'zone: this account has no such zone'],
    [
      'whose zone is of another domain',
      { zone: { name: 'other.example.', private: false } },
      {},
      'claude.acme.example is not in other.example',
    ],
    ['whose zone is private', { zone: { name: 'acme.example.', private: true } }, {}, 'is a private zone'],
    ['too small for what is set aside', { environments: 10 }, {}, 'capacity: 250 of 10'],
    ['whose secrets have no value', { secretVersions: 0 }, {}, 'aws secretsmanager put-secret-value --secret-id gatehouse/mine/'],
    ['when the shell means another region', {}, { AWS_REGION: 'us-west-2' }, 'the shell says us-west-2 and the profile eu-central-1'],
    ['that does not answer', {}, { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' }, 'account: '],
  ])('%s', async (_, account, variables, said) => {
    expect(await refusal(acme('bundled'), account, variables)).toContain(said);
  });
});

describe('the command', () => {
  const deploy = (...parameters: string[]) => {
    const env = { PATH: process.env.PATH, HOME: '/nonexistent', AWS_ENDPOINT_URL: 'http://127.0.0.1:9' };
    const command = [path.join(root, 'stacks/deploy.main.ts'), ...parameters];
    const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: folder, env, encoding: 'utf8' });
    return { status, said: stdout + stderr };
  };

  it('tells which profile to copy where a stage has none, and ends with 1', () => {
    const { status, said } = deploy('nowhere');
    expect(status).toBe(1);
    expect(said).toMatch(/There is no stacks\/profiles\/nowhere\.yaml: copy one of bundled, evaluation, existing-pool, .*new, own-idp/);
    expect(said).toContain('Nothing was deployed.');
  });

  it('does not deploy an example, nor show what it would', () => {
    for (const more of [[], ['--dry-run']])
      expect(deploy('bundled', ...more)).toMatchObject({
        status: 1,
        said: expect.stringMatching(/still names example\.com[\s\S]*Nothing was deployed/),
      });
  });

  it('tells how it is written, and ends with 2, when it was written otherwise', () => {
    expect(deploy()).toMatchObject({ status: 2, said: expect.stringContaining('npm run deploy -- STAGE') });
  });
});
