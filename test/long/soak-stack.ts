/** For the soak: a stack whose parent may ask how much memory is alive, after everything that nobody holds is thrown away. Needs --expose-gc. */
import { setImmediate as turn } from 'node:timers/promises';
import { runStack } from '../../packages/local/stack.ts';

const stack = await runStack({ port: 0, data: process.argv[2] ?? '', fresh: false, fast: true, vendorLimits: 1, help: false }, () => {});
process.send?.({ gateway: stack.gateway, aws: stack.aws, idp: stack.idp });

process.on('message', async () => {
  // Finalizers free more, a turn later.
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.();
    await turn();
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  process.send?.({ liveMb: (heapUsed + external) / 2 ** 20, residentMb: rss / 2 ** 20 });
});
