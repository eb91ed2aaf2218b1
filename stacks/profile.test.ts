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

describe.each([
  ['a region that is none', /region: us-east-1/, 'region: virginia', 'at region'],
  ['a member that nobody knows', /zones: 1/, 'zonez: 1', 'zonez'],
  ['three zones', /zones: 1/, 'zones: 3', 'at zones'],
  [
    'an issuer that is no address',
    /issuer: https:\/\/example\.okta\.com, audiences/,
    'issuer: okta, audiences',
    'access.issuers[0].issuer',
  ],
  ['an issuer that nobody could sign in with', /audiences: \[gatehouse\]/, 'audiences: []', 'audiences'],
  ['a domain without zone or certificate', /zones: 1/, 'domain: { name: claude.acme.example }', 'at domain'],
  ['YAML that is none', /region: us-east-1/, 'region: [', 'is not YAML'],
])('%s', (_, right, wrong, said) => {
  it('is refused in words', () => {
    const text = evaluation.replace(right, wrong);
    expect(text).not.toBe(evaluation);
    expect(() => readProfile('mine.yaml', text)).toThrow(said);
    expect(() => readProfile('mine.yaml', text)).toThrow('mine.yaml is');
  });
});

it('tells every mistake at once', () => {
  const text = evaluation.replace('region: us-east-1', 'region: virginia').replace('zones: 1', 'zones: 3');
  expect(() => readProfile('mine.yaml', text)).toThrow(/at region[\s\S]*at zones/);
});
