/** The slow proofs: `npm run test:long`. */
import { defineConfig } from 'vitest/config';
import gate from '../../vitest.config.ts';

// Not merged: merging would join the lists, and the gate's leaves these tests out.
const { projects: _, ...alike } = gate.test ?? {};

export default defineConfig({
  test: { ...alike, include: ['test/long/**/*.test.ts'], exclude: ['**/node_modules/**'], testTimeout: 900_000 },
});
