/**
 * `npm start`: becomes the process of main.ts. Nothing else is decided here. Plain JavaScript, since an older Node must be able to read it.
 *
 * Every thread of a function leaves holes in the C heap of the thread pools' arenas, which glibc by default neither reuses elsewhere nor gives back
 * (mallopt(3)). It reads its settings only when a process is born, so this one is born again, under the same id.
 */
import './require-node.mjs';
import { fileURLToPath } from 'node:url';

const main = new URL('./main.ts', import.meta.url);
const heap = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '131072', MALLOC_TRIM_THRESHOLD_: '131072' };

if (process.platform === 'linux' && !Object.keys(heap).some((name) => name in process.env)) {
  const { execPath, execArgv, argv, env } = process;
  process.execve(execPath, [execPath, ...execArgv, fileURLToPath(main), ...argv.slice(2)], { ...env, ...heap });
} else await import(main.href);
