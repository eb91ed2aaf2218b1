/** The slow proofs: `npm run test:long`. */
import { defineConfig, mergeConfig } from 'vitest/config';
import gate from '../../vitest.config.ts';

export default mergeConfig(
  gate,
  defineConfig({ test: { include: ['test/long/**/*.test.ts'], exclude: ['**/node_modules/**'], testTimeout: 600_000 } }),
);
