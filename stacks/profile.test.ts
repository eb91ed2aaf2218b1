/** A wrong profile is told whole, in sentences that say what and where. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { isExample, profileOf, readProfile } from './profile.ts';

const root = path.join(import.meta.dirname, '..');
const files = globSync('stacks/profiles/*.yaml', { cwd: root });
const evaluation = readFileSync(path.join(root, 'stacks/profiles/evaluation.yaml'), 'utf8');

it.each(files)('%s is right, and an example that cannot be deployed', (file) => {
  expect(isExample(readProfile(file, readFileSync(path.join(root, file), 'utf8')))).toBe(true);
});

it('names what there is to copy when a stage has no file', () => {
  expect(() => profileOf('nowhere', root)).toThrow(/There is no stacks\/profiles\/nowhere\.yaml: copy one of bundled, evaluation, /);
});

it('a pool of its own is the issuer, the sign-in page and the directory, and what is written stays beside it', () => {
  const file = readFileSync(path.join(root, 'stacks/profiles/new.yaml'), 'utf8');
  const { access, people } = readProfile('new.yaml', file);
  const issuer = 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_NEWPOOL';
  expect(access.issuers).toMatchObject([{ kind: 'cognito', issuer, audiences: ['new-pool-client'], directory: true }]);
  expect(access.login).toEqual({ issuer, client_id: 'new-pool-client', scopes: 'openid email profile' });
  expect(people.directory).toEqual([{ kind: 'cognito', issuer, user_pool_id: 'us-east-1_NEWPOOL' }]);
  const also = 'people: { directory: { kind: okta, issuer: https://acme.okta.com, url: https://acme.okta.com } }';
  expect(readProfile('new.yaml', file.replace('people: {}', also)).people.directory.map(({ kind }) => kind)).toEqual(['cognito', 'okta']);
  expect(() => readProfile('new.yaml', file.replace(/new_pool: .*/, ''))).toThrow(/access\.issuers is missing[\s\S]*people\.directory/);
});

describe.each([
  ['a region that is none', /region: us-east-1/, 'region: virginia', 'mine.yaml:4: region: '],
  ['a member that nobody knows', /zones: 1/, 'zonez: 1', 'mine.yaml:6: zonez is no member of a profile; did you mean "zones"?'],
  ['three zones', /zones: 1/, 'zones: 3', 'mine.yaml:6: zones: '],
  [
    'an issuer that is no address',
    /issuer: https:\/\/example\.okta\.com, audiences/,
    'issuer: okta, audiences',
    'access.issuers[0].issuer',
  ],
  ['an issuer that nobody could sign in with', /audiences: \[gatehouse\]/, 'audiences: []', 'audiences'],
  ['a domain without zone or certificate', /zones: 1/, 'domain: { name: claude.acme.example }', 'mine.yaml:6: domain.zone_id is missing'],
  [
    'a certificate of another region',
    /zones: 1/,
    'domain: { name: claude.acme.example, certificate_arn: "arn:aws:acm:eu-west-1:000000000000:certificate/1" }',
    'the certificate is not in us-east-1, where this stage is',
  ],
  [
    'a user pool of another region',
    /directory: \{.*/,
    'directory: { kind: cognito, issuer: https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a, user_pool_id: eu-west-1_a }',
    'the user pool is not in us-east-1, where this stage is',
  ],
  ['a sign-in page that no name can have', /zones: 1/, 'new_pool: { sign_in_prefix: Acme_ }', 'new_pool.sign_in_prefix'],
  [
    'an upstream that is written twice',
    /zones: 1/,
    'inference: { upstreams: [{ kind: bedrock }, { kind: bedrock }] }',
    'each kind of upstream once',
  ],
  ['a channel that nobody has', /zones: 1/, 'operations: { channels: { page: [pager] } }', 'operations.channels.page[0]'],
  ['YAML that is none', /region: us-east-1/, 'region: [', 'is not YAML'],
  ['a member that is written twice', /zones: 1/, 'zones: 1\nzones: 2', 'mine.yaml:7 is not YAML: Map keys must be unique'],
  ['a tab', /zones: 1/, '\tzones: 1', 'mine.yaml:6 is not YAML: Tabs are not allowed as indentation'],
  ['an alias of nothing', /zones: 1/, 'zones: *two', 'mine.yaml is not YAML: Unresolved alias'],
  ['a part that is left out', /usage: \{\}/, '', 'mine.yaml:1: usage is missing: write it, if only as {}'],
  ['a part without a value', /usage: \{\}/, 'usage:', 'mine.yaml:11: usage: expected object, received null'],
  ['an unknown member of a part', /zones: 1/, 'capacity: { telemetry_flor: 5 }', 'did you mean "telemetry_floor"?'],
  ['a member that is near to none', /zones: 1/, 'colour: blue', /colour is no member of a profile$/],
  ['a kind that is none', /kind: okta, issuer: \S+ aud/, 'kind: okto, issuer: https://acme.example, aud', 'access.issuers[0].kind: '],
  ['a switch that is a word', /keep_data: false/, 'keep_data: no', 'keep_data: expected boolean, received string'],
])('%s', (_, right, wrong, said) => {
  it('is refused in words', () => {
    const text = evaluation.replace(right, wrong);
    expect(text).not.toBe(evaluation);
    expect(() => readProfile('mine.yaml', text)).toThrow(said);
    expect(() => readProfile('mine.yaml', text)).toThrow(/^mine\.yaml(:\d+)?(:| is )/);
  });
});

it.each([
  ['nothing', '', /^mine\.yaml is empty: copy one of/],
  ['a remark alone', '# later', /^mine\.yaml is empty/],
  ['a list', '- region', /^mine\.yaml:1 is not a profile/],
  ['a text', 'hello', /^mine\.yaml:1 is not a profile/],
])('%s is no profile', (_, text, said) => {
  expect(() => readProfile('mine.yaml', text)).toThrow(said);
});

it('tells every mistake at once', () => {
  const text = evaluation.replace('region: us-east-1', 'region: virginia').replace('zones: 1', 'zones: 3');
  expect(() => readProfile('mine.yaml', text)).toThrow(/:4: region: .*\n.*:6: zones: /);
});
