/** Proves that a test cannot reach the network, however it tries. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';

it('refuses a fetch to another machine', async () => {
  await expect(fetch('https://example.com/')).rejects.toMatchObject({
    cause: { message: expect.stringContaining('nothing but loopback') },
  });
});

it('refuses a socket to another machine', () => {
  expect(() => connect(443, '192.0.2.1')).toThrow('192.0.2.1:443');
  expect(() => connect({ port: 443, host: 'example.com' })).toThrow('example.com:443');
});

it('refuses a fetch from a worker thread', async () => {
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
     fetch('https://example.com/').catch((error) => parentPort.postMessage(error.cause.message));`,
    { eval: true },
  );
  const [message] = await once(worker, 'message');
  await worker.terminate();
  expect(message).toContain('nothing but loopback');
});

it('refuses a fetch from a process that a test starts', () => {
  const { stdout } = spawnSync(process.execPath, [
    '-e',
    "fetch('https://example.com/').catch((error) => console.log(error.cause.message))",
  ]);
  expect(stdout.toString()).toContain('nothing but loopback');
});

it('lets loopback through', async () => {
  const server = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number }; // a listening TCP server has one
  const [greeting] = await once(connect(port, '127.0.0.1'), 'data');
  server.close();
  expect(String(greeting)).toBe('hello');
});
