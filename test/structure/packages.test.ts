/** The tree is what the house says: arrows point in, names are words of the field, and nobody reaches past an `exports`. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { capabilities } from '@gatehouse/contracts/surface';
import { describe, expect, it } from 'vitest';
import { root } from '../support/sst-diff/environment.ts';

const exclude = ['**/node_modules/**', '.sst/**', 'coverage/**'];
const files = globSync('{events,packages,stacks,test}/**/*', { cwd: root, exclude, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)));
const sources = files.filter((file) => file.endsWith('.ts'));

const kernel = ['core', 'rules', 'ledger', 'runtime'];
const doors = ['events', 'contracts'];
const isCapability = (name: string) => capabilities.some((capability) => capability === name);

interface Import {
  file: string;
  from: string;
}
const imports: Import[] = sources.flatMap((file) =>
  [
    ...readFileSync(path.join(root, file), 'utf8').matchAll(
      /(?:^|[\s;])(?:import|export)\s[^'";]*?from\s+'([^']+)'|import\(\s*'([^']+)'\s*\)|^import '([^']+)'/gm,
    ),
  ].map((match) => ({ file, from: match[1] ?? match[2] ?? match[3] ?? '' })),
);

/** `packages/access/token.ts` -> `access`; `events/x.ts` -> `events`; undefined outside both. */
function packageOf(file: string): string | undefined {
  const [top, name] = file.split('/');
  return top === 'packages' ? name : top === 'events' ? 'events' : undefined;
}

function importedPackage({ file, from }: Import): string | undefined {
  if (from.startsWith('@gatehouse/')) return from.split('/')[1];
  if (from.startsWith('.')) return packageOf(path.join(path.dirname(file), from));
  return undefined;
}

describe('imports', () => {
  const between = imports.flatMap((item) => {
    const own = packageOf(item.file);
    const other = importedPackage(item);
    return own && other && own !== other ? [{ ...item, own, other }] : [];
  });
  const isTest = (file: string) => /\.(test|fixture)\.ts$/.test(file);

  it('are found at all', () => {
    expect(imports.length).toBeGreaterThan(100);
    expect(between.length).toBeGreaterThan(20);
  });

  it('of a capability reach the kernel and the doors, and no other capability', () => {
    const wrong = between.filter(({ own, other, file }) => isCapability(own) && !isTest(file) && ![...kernel, ...doors].includes(other));
    expect(wrong).toEqual([]);
  });

  it('of the kernel reach the kernel and the doors', () => {
    expect(
      between.filter(({ own, other, file }) => kernel.includes(own) && !isTest(file) && ![...kernel, ...doors].includes(other)),
    ).toEqual([]);
  });

  it('of the doors reach the doors alone', () => {
    expect(between.filter(({ own, other }) => doors.includes(own) && !doors.includes(other))).toEqual([]);
    const foreign = imports.filter(
      ({ file, from }) => doors.includes(packageOf(file) ?? '') && !/^(\.|@gatehouse\/|zod$|vitest$)/.test(from),
    );
    expect(foreign).toEqual([]);
  });

  it('between packages go by name, through what the package exports', () => {
    const byPath = between.filter(({ from }) => from.startsWith('.'));
    expect(byPath).toEqual([]);
    for (const { file, from } of between) {
      const [, name = '', ...rest] = from.split('/');
      const folder = name === 'events' ? 'events' : `packages/${name}`;
      const { exports }: { exports: Record<string, string> } = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8'));
      const subpath = `./${rest.join('/')}`;
      const open = Object.keys(exports).some((pattern) => {
        const [head = '', tail = ''] = pattern.split('*');
        return pattern.includes('*') ? subpath.startsWith(head) && subpath.endsWith(tail) : subpath === pattern;
      });
      expect(open, `${file} imports ${from}`).toBe(true);
    }
  });

  it('of the embedded stack and of tests are nobody else’s', () => {
    expect(between.filter(({ own, other, file }) => own !== 'local' && other === 'local' && !isTest(file))).toEqual([]);
    expect(imports.filter(({ file, from }) => packageOf(file) && !isTest(file) && /(^|\/)test\/support\//.test(from))).toEqual([]);
  });
});

describe('files', () => {
  it('are named by a word of the field, in kebab case', () => {
    const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/;
    const named = files.map((file) => path.basename(file)).filter((name) => name !== 'package.json' && name !== 'tsconfig.json');
    expect(named.filter((name) => !kebab.test(name))).toEqual([]);
  });

  it('are not drawers for everything', () => {
    const drawers = /(^|\/)([\w-]+-)?(utils?|helpers?|common|misc)\.|\/(manager|service|shared)\./;
    const given = ['packages/local/aws/service.ts'];
    expect(files.filter((file) => drawers.test(file) && !given.includes(file))).toEqual([]);
  });

  it('say in their first line what they are, but for tests, whose titles do', () => {
    const silent = sources.filter(
      (file) => !file.endsWith('.test.ts') && !/^(#![^\n]*\n)?\/\*\*/.test(readFileSync(path.join(root, file), 'utf8')),
    );
    expect(silent).toEqual([]);
  });

  it('leave nothing to be done later', () => {
    const later = /(\/\/|\*)\s*(TODO|FIXME|XXX)\b/;
    expect(sources.filter((file) => later.test(readFileSync(path.join(root, file), 'utf8')))).toEqual([]);
  });

  it('that are deployed are listed: every surface has its stack, and sst.config.ts names it', () => {
    const withSurface = globSync('packages/*/surface.ts', { cwd: root })
      .map((file) => file.split('/')[1] ?? '')
      .filter(isCapability);
    const config = readFileSync(path.join(root, 'sst.config.ts'), 'utf8');
    const listed = [...config.matchAll(/import\('\.\/stacks\/([\w-]+)\.ts'\)/g)].map((match) => match[1] ?? '').filter(isCapability);
    const stacks = sources.map((file) => /^stacks\/([\w-]+)\.ts$/.exec(file)?.[1] ?? '').filter(isCapability);
    expect(listed.sort()).toEqual(withSurface.sort());
    expect(stacks.sort()).toEqual(withSurface.sort());
  });
});
