/** The conformance suite against an endpoint that CONFORMANCE_ENDPOINT names: without the guard that keeps the gate on loopback. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['test/conformance/suite.test.ts'], testTimeout: 600_000, hookTimeout: 300_000 },
});
