/** What `npm run doctor` finds: everything that is wrong with a profile, an account or this machine, and nothing that is not. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readProfile } from '../profile.ts';
import { lookAtAccount } from './account.aws.ts';
import { type Account, goodAccount, goodCertificate, startAccount } from './account.fixture.ts';
import { lookAtClient, lookAtName } from './client.ts';
import type { Finding } from './finding.ts';
import { lookAtProfile } from './profile.ts';

const root = path.join(import.meta.dirname, '../..');
const text = readFileSync(path.join(root, 'stacks/profiles/bundled.yaml'), 'utf8').replaceAll(/example\.(okta\.)?com/g, 'acme.example');
const profile = readProfile('mine.yaml', text);
const now = Date.UTC(2026, 0, 1);
const wrongs = (findings: readonly Finding[]) =>
  findings.filter(({ state }) => state === 'wrong').map(({ check, says }) => `${check}: ${says}`);

describe('a profile', () => {
  it('that names the company is right', () => {
    expect(wrongs(lookAtProfile('prod', profile))).toEqual([]);
  });

  it('that still names the example is told so', () => {
    const example = readProfile('x.yaml', readFileSync(path.join(root, 'stacks/profiles/bundled.yaml'), 'utf8'));
    expect(wrongs(lookAtProfile('prod', example))).toEqual(['addresses: it still names example.com']);
  });

  it('of a stage whose name is too long is told which name does not fit', () => {
    expect(wrongs(lookAtProfile('a-stage-with-quite-a-long-name-for-once', profile))[0]).toMatch(
      /^names: "gatehouse-a-stage.* characters; AWS allows/,
    );
  });

  it('may have a stage as long as production-eu', () => {
    expect(wrongs(lookAtProfile('production-eu', profile))).toEqual([]);
  });

  it.each(['access', 'prod-access', 'prod-usage-eu', 'prod-edge'])(
    'of a stage "%s" is told that its names would pass for others',
    (stage) => {
      expect(wrongs(lookAtProfile(stage, profile))[0]).toMatch(/^names: "\w+" in the name of the stage is a capability's own/);
    },
  );

  it('whose lists outgrow a function is told the bytes', () => {
    const issuers = Array.from({ length: 60 }, (_, index) => ({ issuer: `https://login-${index}.acme.example`, audiences: ['gatehouse'] }));
    const large = { ...profile, access: { ...profile.access, issuers: issuers as never } };
    expect(wrongs(lookAtProfile('prod', large))[0]).toMatch(/^size: the variables of access\/\S+ have \d+ bytes; Lambda takes 4096/);
  });
});

describe('an account', () => {
  afterEach(() => vi.unstubAllEnvs());

  async function examine(change: Partial<Account>, written = profile): Promise<Finding[]> {
    const account = await startAccount({ ...goodAccount, ...change });
    for (const [name, value] of Object.entries({
      AWS_ENDPOINT_URL: account.url,
      AWS_ACCESS_KEY_ID: 'me',
      AWS_SECRET_ACCESS_KEY: 'any',
      AWS_REGION: 'eu-central-1',
    }))
      vi.stubEnv(name, value);
    try {
      return await lookAtAccount('prod', written, now);
    } finally {
      account.close();
    }
  }

  it('that has what the profile names is right', async () => {
    const findings = await examine({});
    expect(wrongs(findings)).toEqual([]);
    expect(findings.map(({ check }) => check)).toEqual(expect.arrayContaining(['account', 'region', 'zone', 'capacity']));
    expect(findings.filter(({ state }) => state === 'unknown')).toEqual([]);
  });

  it.each([
    [
      'whose zone is private',
      { zone: { name: 'acme.example.', private: true } },
      'zone: Z0123456789EXAMPLE (acme.example) is a private zone: no certificate can be proven by it',
    ],
    [
      'whose zone is of another domain',
      { zone: { name: 'cme.example.', private: false } },
      'zone: claude.acme.example is not in cme.example',
    ],
    ['that has no such zone', { zone: undefined }, 'zone: this account has no such zone'],
    ['whose region has no models', { models: 0 }, 'models: Bedrock offers no model of Anthropic in eu-central-1'],
    [
      'that may not call the models that are offered',
      { models: 1, modelsOpen: false },
      'models: this account has no access to anthropic.claude-opus-5-v0:0',
    ],
    ['that is new', { environments: 10 }, 'capacity: 250 of 10 environments would be set aside; Lambda keeps 100 for the rest'],
  ])('%s is told so', async (_, change, said) => {
    expect(wrongs(await examine(change))).toEqual([said]);
  });

  it.each([
    ['is not there', undefined, 'this account has none with the ARN arn:aws:acm:eu-central-1:000000000000:certificate/1'],
    ['is of another name', { name: 'other.example', status: 'ISSUED', ends: goodCertificate.ends }, 'it is not for claude.acme.example'],
    ['is not issued yet', { ...goodCertificate, status: 'PENDING_VALIDATION' }, 'it is PENDING_VALIDATION'],
    ['ends soon', { ...goodCertificate, ends: now / 1000 + 10 * 86_400 }, 'it ends in 10 days'],
  ])('whose certificate %s is told so', async (_, certificate, said) => {
    const domain = { name: 'claude.acme.example', certificate_arn: 'arn:aws:acm:eu-central-1:000000000000:certificate/1' };
    expect(wrongs(await examine({ certificate }, { ...profile, domain }))).toEqual([`certificate: ${said}`]);
  });

  it('is not asked about a certificate of another region', async () => {
    const domain = { name: 'claude.acme.example', certificate_arn: 'arn:aws:acm:us-east-1:000000000000:certificate/1' };
    expect(wrongs(await examine({}, { ...profile, domain }))).toEqual(['certificate: it is in us-east-1, and the API in eu-central-1']);
  });

  it('is told which secrets wait for a value, and how to write one', async () => {
    const [first] = (await examine({ secretVersions: 0 })).filter(({ state }) => state === 'wrong');
    expect(first?.check).toMatch(/^secret gatehouse\/prod\//);
    expect(first?.mend).toMatch(/^aws secretsmanager put-secret-value --secret-id gatehouse\/prod\//);
  });

  it('that nothing was deployed to yet is not blamed for its secrets', async () => {
    const findings = await examine({ secretVersions: -1 });
    expect(wrongs(findings)).toEqual([]);
    expect(findings).toContainEqual(expect.objectContaining({ state: 'unknown', says: 'not deployed yet' }));
  });

  it('that may not be read is unknown, never wrong', async () => {
    const findings = await examine({ closed: true });
    expect(wrongs(findings)).toEqual([]);
    expect(findings.filter(({ state }) => state === 'unknown').length).toBeGreaterThan(2);
  });
});

describe('a name', () => {
  const resolver = (four: string[], six: string[] = []) => ({ resolve4: async () => four, resolve6: async () => six });

  it('that leads to private addresses is right', async () => {
    expect(await lookAtName('claude.acme.example', resolver(['10.1.2.3', '100.64.1.1']))).toMatchObject({ state: 'ok' });
  });
  it('that leads to a public address is what the CLI refuses', async () => {
    expect(await lookAtName('claude.acme.example', resolver(['10.1.2.3', '203.0.113.9']))).toMatchObject({
      state: 'wrong',
      says: expect.stringContaining('203.0.113.9'),
    });
  });
  it('with an IPv6 address is wrong too', async () => {
    expect(await lookAtName('claude.acme.example', resolver(['10.1.2.3'], ['fd00::1']))).toMatchObject({ state: 'wrong' });
  });
});

it('finds an earlier gateway that this machine still remembers', async () => {
  const home = mkdtempSync(path.join(tmpdir(), 'gatehouse-doctor-'));
  expect(await lookAtClient(home, 'claude.acme.example')).toBeUndefined();
  mkdirSync(path.join(home, '.claude'));
  writeFileSync(
    path.join(home, '.claude/remote-settings.json'),
    JSON.stringify({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://claude-old.acme.example' } }),
  );
  expect(await lookAtClient(home, 'claude.acme.example')).toMatchObject({ state: 'wrong', mend: expect.stringContaining('logout') });
});

describe('the command', () => {
  const run = (...parameters: string[]) =>
    spawnSync(process.execPath, [path.join(root, 'stacks/doctor.main.ts'), ...parameters], { encoding: 'utf8' });

  it('ends with 1 and one sentence when a stage has no profile', () => {
    const { status, stdout } = run('nowhere', '--offline');
    expect(status).toBe(1);
    expect(stdout).toContain('There is no stacks/profiles/nowhere.yaml: copy one of');
  });
  it('answers in JSON when asked', () => {
    const { status, stdout } = run('evaluation', '--offline', '--json');
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      stage: 'evaluation',
      findings: expect.arrayContaining([expect.objectContaining({ check: 'addresses', state: 'wrong' })]),
    });
  });
  it('says how it is used, and ends with 2 when it was used otherwise', () => {
    expect(run('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('npm run doctor') });
    expect(run()).toMatchObject({ status: 2 });
    expect(run('a', 'b')).toMatchObject({ status: 2 });
  });
});
