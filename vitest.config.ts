/** How tests run: offline, two files at a time, the slow proofs of test/long apart. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { defineConfig } from 'vitest/config';

const offline = path.join(import.meta.dirname, 'test/support/offline.ts');
/** What a test may leave behind for the next one in its process: a port, a folder, a clock, a variable, a listener. */
const leavesTraces =
  /support\/|\.lambda\.ts|process\.env|createServer|worker|vi\.|createClock|mkdtemp|packages\/local|spawn|before(?:All|Each)/;
/** Half of all files: they share two processes, which saves starting ninety. */
const traceless = globSync('{events,packages}/**/*.test.ts', { cwd: import.meta.dirname, exclude: ['**/node_modules/**'] }).filter(
  (file) => !leavesTraces.test(readFileSync(path.join(import.meta.dirname, file), 'utf8')),
);

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: 'together', include: traceless, isolate: false } },
      {
        extends: true,
        test: {
          name: 'apart',
          include: ['{events,packages,stacks,test}/**/*.test.ts'],
          exclude: ['**/node_modules/**', 'test/long/**', ...traceless],
        },
      },
    ],
    pool: 'forks',
    maxWorkers: 2,
    // By --require, because only that also comes first in worker threads; the variable is for processes that tests start.
    execArgv: ['--require', offline],
    env: { NODE_OPTIONS: `--require ${JSON.stringify(offline)}` },
    testTimeout: 20_000,
    hookTimeout: 60_000,
    coverage: { provider: 'v8', include: ['{events,packages}/**/*.ts'], exclude: ['**/*.test.ts', 'packages/local/**'] },
  },
});
