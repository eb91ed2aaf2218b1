/** The README and the guides speak of what is there: files, scripts, flags, routes, ports and examples. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { usage } from '@gatehouse/local/options';
import { loadSurfaces } from '@gatehouse/local/surfaces';
import { describe, expect, it } from 'vitest';
import { membersOfProfile } from './profile-members.ts';

const root = path.join(import.meta.dirname, '../..');
const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
const pages = ['README.md', ...globSync('docs/*.md', { cwd: root })];
const surfaces = await loadSurfaces();
const served = surfaces.flatMap(({ routes = [] }) => routes);
/** Built into npm itself. */
const builtIn = new Set(['ci', 'install', 'run']);

describe.each(pages)('%s', (page) => {
  const text = readFileSync(path.join(root, page), 'utf8');

  it('links to files that are there', () => {
    const links = [...text.matchAll(/\]\((?!https?:)([^)#\s]+)/g)].map(([, link = '']) => link);
    expect(links.filter((link) => !existsSync(path.join(root, path.dirname(page), link)))).toEqual([]);
  });

  it('names npm scripts that are there', () => {
    const named = [...text.matchAll(/(?:^|`)npm (?:run )?([a-z:]+)/gm)].map(([, script = '']) => script);
    expect(named.filter((script) => !builtIn.has(script) && scripts[script] === undefined)).toEqual([]);
  });

  it('names flags of npm start that are there', () => {
    const named = [...text.matchAll(/npm start -- ([^`\n]*)/g)].flatMap(([, flags = '']) =>
      [...flags.matchAll(/--[a-z]+/g)].map(([flag]) => flag),
    );
    expect(named.filter((flag) => !usage.includes(flag))).toEqual([]);
  });

  it('names routes that are served', () => {
    const named = [...text.matchAll(/`(GET|POST|PUT|PATCH|DELETE) (\/[^\s`?[]*)/g)].map(([, method = '', route = '']) => ({
      method,
      route,
    }));
    const missing = named.filter(
      ({ method, route }) => !outside.test(route) && !served.some((one) => one.method === method && fits(one.path, route)),
    );
    expect(missing).toEqual([]);
  });

  it('shows JSON that parses', () => {
    for (const [, block = ''] of text.matchAll(/```json\n([\s\S]*?)```/g)) expect(() => JSON.parse(block), block).not.toThrow();
  });
});

/** Paths of the embedded stack's own ports and of other systems. */
const outside = /^\/(_|directory|litellm|coder|api\/v|_faults|key|user|workspaces|users)/;

function fits(route: string, written: string): boolean {
  const pattern = route.replace(/\{\w+\+?\}/g, '[^/]+');
  return new RegExp(`^${pattern}$`).test(written.replace(/\{[^}]+\}/g, 'x').replace(/[,.;:]$/, ''));
}

it('docs/profile.md lists each member of a profile once, with its default', () => {
  const rows = [...readFileSync(path.join(root, 'docs/profile.md'), 'utf8').matchAll(/^\| `([^`]+)` \| (.+?) \| (.+) \|$/gm)];
  const written = rows.map(([, member, value = '']) => `${member}: ${value.replace(/^`(.*)`$/, '$1')}`);
  expect(written.sort()).toEqual([...membersOfProfile()].map(([member, value]) => `${member}: ${value}`).sort());
  expect(rows.filter(([, , , effect = '']) => effect.trim().length < 5)).toEqual([]);
});
