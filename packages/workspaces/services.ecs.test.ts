/** What a half answer of ECS is taken for, over HTTP: no stand-in gives one. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { servicesOf } from './services.ecs.ts';

const hosts = { cluster: 'workspaces', service: 'ws-{workspace_id}' };
const service = { serviceName: 'ws-a', status: 'ACTIVE', desiredCount: 1, runningCount: 1, pendingCount: 0 };
let failures: { arn: string; reason: string }[] = [];
let server: Server;

beforeAll(async () => {
  server = createServer((_request, response) => response.end(JSON.stringify({ services: [service], failures })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  });
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

it('a service that ECS calls missing is none', async () => {
  failures = [{ arn: 'arn:aws:ecs:us-east-1:000000000000:service/workspaces/ws-b', reason: 'MISSING' }];
  expect(await servicesOf(hosts, ['a', 'b'])).toEqual([{ name: 'ws-a', desired: 1, running: 1, pending: 0 }]);
});

it('a service that ECS fails to tell of is not taken for dead', async () => {
  failures = [{ arn: 'arn:aws:ecs:us-east-1:000000000000:service/workspaces/ws-b', reason: 'INTERNAL' }];
  await expect(servicesOf(hosts, ['a', 'b'])).rejects.toMatchObject({ name: 'Unavailable' });
});
