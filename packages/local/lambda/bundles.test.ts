/** Proves that bundled functions are the same functions, with real threads and real bundles. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClock } from '../clock.ts';
import { createBundles } from './bundles.ts';
import type { LambdaHost } from './contract.ts';
import { createLambdaHost } from './host.ts';

const root = mkdtempSync(join(tmpdir(), 'gatehouse-bundles-'));
const folder = join(root, 'made');
const source = join(root, 'shop.lambda.ts');
const own = ['worker.ts', 'libraries.ts'].map((name) => fileURLToPath(new URL(name, import.meta.url)));
const code = `interface Order { fail?: boolean }
export const handler = async ({ fail }: Order) => {
  console.log('asked');
  if (fail) throw new Error('the shop is shut');
  return { variable: process.env.VARIABLE, key: process.env.AWS_ACCESS_KEY_ID, file: import.meta.url };
};
`;

beforeAll(async () => {
  writeFileSync(source, code);
  // A file that changed while it was bundled is not trusted; the clock of a file system may be coarse.
  while (readdirSync(root).includes('made') === false) await createBundles(root, folder).build([source, ...own]);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('a bundled function', () => {
  const logged: string[] = [];
  let host: LambdaHost;
  beforeAll(() => {
    host = createLambdaHost({ clock: createClock(), onLog: (_, line) => logged.push(line), root, bundleFolder: folder });
  });
  afterAll(() => host.close());
  const register = (memoryMb: number) =>
    host.register({ name: `shop-${memoryMb}`, handler: 'shop.lambda.handler', timeoutSeconds: 10, memoryMb, env: { VARIABLE: 'own' } });

  it.each([512, 640])('has its own variables and log, in a spare thread or a new one (%i MB)', async (memoryMb) => {
    register(memoryMb);
    const { value } = await host.invoke(`shop-${memoryMb}`, {});
    expect(value).toEqual({ variable: 'own', key: `shop-${memoryMb}`, file: expect.stringContaining('/made/shop.lambda-') });
    expect(logged.at(-1)).toContain('asked');
  });

  it('names the line of the .ts file in traces', async () => {
    register(512);
    const { error } = await host.invoke('shop-512', { fail: true });
    expect(error?.errorMessage).toBe('the shop is shut');
    expect(error?.trace?.[1]).toMatch(/^ {4}at handler \(file:.*\/shop\.lambda\.ts:4:\d+\)$/);
  });
});

describe('the bundles', () => {
  it('are found again by the next stack', () => {
    expect(createBundles(root, folder).of(source)).toMatch(/shop\.lambda-\w+\.mjs$/);
  });

  it('are not used once a source has changed, and follow it with the next build', async () => {
    const old = createBundles(root, folder).of(source) ?? '';
    writeFileSync(source, code.replace('asked', 'asked again'));
    const bundles = createBundles(root, folder);
    expect(bundles.of(source)).toBeUndefined();
    while (bundles.of(source) === undefined) await bundles.build([source, ...own]);
    expect(readFileSync(bundles.of(source) ?? '', 'utf8')).toContain('asked again');
    expect(readFileSync(old, 'utf8')).not.toContain('asked again');
  });

  it('are missing, and nothing else happens, when a source cannot be bundled', async () => {
    const bundles = createBundles(root, join(root, 'none'));
    const broken = join(root, 'broken.lambda.ts');
    writeFileSync(broken, "import './not-there.ts';\n");
    await bundles.build([broken, source]);
    expect([bundles.of(broken), bundles.of(source)]).toEqual([undefined, undefined]);
  });
});
