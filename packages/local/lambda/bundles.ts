/**
 * Keeps the entries bundled the way they are deployed, because a cold environment that imports one bundle costs half of one that imports
 * three hundred files. A bundle is only used while none of its sources changed; without one, an environment runs the sources.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Plugin } from 'esbuild';

export interface Bundles {
  /** The bundle of a source file, both as absolute paths; undefined while there is none. Never waits. */
  of(source: string): string | undefined;
  /** Bundles these sources in the background unless that is done already. Resolves when it is; never rejects. */
  build(sources: readonly string[]): Promise<void>;
}

interface Manifest {
  /** Size and time of change of every file that went in, by path below the root. */
  inputs: Readonly<Record<string, string>>;
  /** Bundle by source, both below their folders. */
  bundles: Readonly<Record<string, string>>;
}

const manifestFile = 'manifest.json';
/** npm writes here what it installed; the files of libraries are not looked at. */
const lockFile = 'node_modules/.package-lock.json';
/** A running stack may still import what a newer build no longer needs. */
const keptMs = 86_400_000;
// Stack time is none of the file system's.
const realNow = () => performance.timeOrigin + performance.now();

/** `root`: what sources are named from. `folder` is ours alone; names in it carry a hash, so stacks that build at once share it. */
export function createBundles(root: string, folder: string): Bundles {
  let manifest = readManifest(root, folder);
  return {
    of(source) {
      const bundle = manifest?.bundles[relative(root, source)];
      return bundle && join(folder, bundle);
    },
    async build(sources) {
      if (sources.every((source) => manifest?.bundles[relative(root, source)])) return;
      try {
        manifest = await buildAll(root, folder, sources);
      } catch {
        // A source that cannot be bundled fails by itself when its function starts, with the error that Lambda would give.
      }
    },
  };
}

function readManifest(root: string, folder: string): Manifest | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(folder, manifestFile), 'utf8')) as Manifest;
    return Object.entries(manifest.inputs).every(([path, stamp]) => stampOf(join(root, path)).text === stamp) ? manifest : undefined;
  } catch {
    // No build yet.
    return undefined;
  }
}

async function buildAll(root: string, folder: string, sources: readonly string[]): Promise<Manifest> {
  const began = realNow();
  const { build } = await import('esbuild');
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [...sources],
    outbase: root,
    outdir: folder,
    entryNames: '[dir]/[name]-[hash]',
    chunkNames: 'shared/[hash]',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    plugins: [builtinsAsked],
    minifyWhitespace: true,
    minifySyntax: true,
    keepNames: true,
    sourcemap: 'external',
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  const inputs: Record<string, string> = {};
  for (const path of [lockFile, ...Object.keys(metafile.inputs).filter((each) => !/node_modules\/|^asked:/.test(each))]) {
    const { text, changedAt } = stampOf(join(root, path));
    if (changedAt >= began) throw new Error(`${path} changed while it was bundled`);
    inputs[path] = text;
  }
  const bundles: Record<string, string> = {};
  for (const [path, { entryPoint }] of Object.entries(metafile.outputs))
    if (entryPoint) bundles[entryPoint] = relative(folder, join(root, path));
  // The name says the content: a file that is there is right.
  for (const { path, contents } of outputFiles) if (!statSync(path, { throwIfNoEntry: false })) replace(path, contents);
  const manifest: Manifest = { inputs, bundles };
  replace(join(folder, manifestFile), JSON.stringify(manifest));
  sweep(folder, new Set(outputFiles.map(({ path }) => path)));
  return manifest;
}

/**
 * `import 'node:http'` makes Node read every export of it once, `WebSocket` among them, for which it loads all of undici; `require`
 * leaves that until somebody asks.
 */
const builtinsAsked: Plugin = {
  name: 'builtins-asked',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?https?$/ }, ({ path, kind }) => (kind === 'require-call' ? undefined : { path, namespace: 'asked' }));
    onLoad({ filter: /.*/, namespace: 'asked' }, ({ path }) => ({ contents: `module.exports = require(${JSON.stringify(path)})` }));
  },
};

function stampOf(path: string): { text: string; changedAt: number } {
  const found = statSync(path, { throwIfNoEntry: false });
  return found ? { text: `${found.size} ${found.mtimeMs}`, changedAt: found.mtimeMs } : { text: 'absent', changedAt: 0 };
}

/** Nobody sees half of a file. */
function replace(path: string, contents: Uint8Array | string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.${process.pid}`, contents);
  renameSync(`${path}.${process.pid}`, path);
}

function sweep(folder: string, needed: ReadonlySet<string>): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name);
    const found = statSync(path, { throwIfNoEntry: false });
    if (name === manifestFile || needed.has(path) || !found?.isFile()) continue;
    if (realNow() - found.mtimeMs > keptMs) rmSync(path, { force: true });
  }
}
