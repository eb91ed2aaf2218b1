/** How tests run: offline, two files at a time, the slow proofs of test/long apart. */
import path from 'node:path';
import { defineConfig } from 'vitest/config';

const offline = path.join(import.meta.dirname, 'test/support/offline.ts');

export default defineConfig({
  test: {
    include: ['{events,packages,stacks,test}/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/long/**'],
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
