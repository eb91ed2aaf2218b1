/** Runbooks name what is there: headings, machines, secrets, tables, alarms, archives and commands. Routes and scripts are checked with all documentation. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { verbs } from '@gatehouse/client/verbs';
import { loadSurfaces } from '@gatehouse/local/surfaces';
import { expect, it } from 'vitest';
import { root } from '../support/sst-diff/environment.ts';

const surfaces = await loadSurfaces();
const read = (page: string) => readFileSync(path.join(root, page), 'utf8');
const text = read('docs/runbooks.md');
const found = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, one = '']) => one);

it('is led to by headings that are there, from every page', () => {
  const slug = (heading: string) =>
    heading
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-');
  const headings = found(/^## (.*)$/gm).map(slug);
  const links = globSync('docs/*.md', { cwd: root }).flatMap((page) =>
    [...read(page).matchAll(/\]\(runbooks\.md#([\w-]+)\)/g)].map(([, anchor]) => anchor),
  );
  expect(links.filter((anchor) => !headings.includes(anchor ?? ''))).toEqual([]);
  expect(headings).toEqual(
    expect.arrayContaining(['onboarding', 'offboarding', 'restoring-a-table', 'a-cost-spike', 'a-false-mass-leave']),
  );
});

it('names machines, tables and the archive as they are called', () => {
  const names = [
    ...surfaces.flatMap(({ machines = [] }) => machines.map(({ name }) => name)),
    ...surfaces.flatMap(({ capability, table }) => (table ? [capability, `${capability}-restored`] : [])),
    'facts',
  ];
  const named = found(/gatehouse-STAGE-([a-z-]+)/g);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !names.includes(name))).toEqual([]);
});

it('names secrets that a surface declares', () => {
  const secrets = surfaces.flatMap(({ capability, secrets: declared = {} }) =>
    Object.keys(declared).map((name) => `${capability}/${name}`),
  );
  const capabilities = surfaces.map(({ capability }) => capability).join('|');
  const named = found(new RegExp(`(?:gatehouse/STAGE/|\`)((?:${capabilities})/[a-z0-9-]+)`, 'g'));
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !secrets.includes(name))).toEqual([]);
});

it('names alarms, functions and facts that are there', () => {
  const alarms = surfaces.flatMap(({ capability, alarms: declared = [] }) => declared.map(({ name }) => `${capability}-${name}`));
  const functions = surfaces.flatMap(({ capability, entries }) => Object.keys(entries).map((name) => `${capability}-${name}`));
  const facts = globSync('events/*.ts', { cwd: root }).map((file) => path.basename(file, '.ts'));
  const capabilities = surfaces.map(({ capability }) => capability).join('|');
  const named = found(new RegExp(`\`((?:${capabilities})-[a-z-]+)\``, 'g'));
  expect(named.filter((name) => !alarms.includes(name) && !functions.includes(name))).toEqual([]);
  const told = found(/fact `([a-z-]+)`/g);
  expect(told.filter((name) => !facts.includes(name))).toEqual([]);
});

it('names commands of administrators that are there', () => {
  const known = verbs.map(({ name }) => name);
  const named = found(/`(?:npm run gatehouse -- )?(policy [a-z]+)/g);
  expect(named.length).toBeGreaterThan(2);
  expect(named.filter((name) => !known.includes(name))).toEqual([]);
});
