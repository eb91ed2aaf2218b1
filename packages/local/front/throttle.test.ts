/** Proves over real HTTP that each route has a bucket of its own, as the stages are deployed. */
import type { AddressInfo, Server } from 'node:net';
import { pushThrottle, usualThrottle } from '@gatehouse/contracts/throttle';
import { afterEach, expect, it } from 'vitest';
import { createClock } from '../clock.ts';
import { createFront } from './front.ts';
import { createBucket } from './throttle.ts';

let server: Server | undefined;
const clock = createClock();
afterEach(() => {
  server?.close();
});

const route = (method: string, path: string, throttle = usualThrottle) => ({ method, path, functionName: path, throttle });

async function open(perSecond: number): Promise<(method: string, path: string) => Promise<Response>> {
  const pushed = pushThrottle(perSecond);
  const routes = [
    route('POST', '/hooks/okta', pushed),
    route('POST', '/hooks/entra', pushed),
    route('GET', '/scim/v2/{path+}', pushed),
    route('POST', '/oauth/token'),
  ];
  server = createFront({ clock, routes, invoke: async () => ({ value: { statusCode: 204 } }) });
  await new Promise<void>((ready) => server?.listen(0, '127.0.0.1', ready));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return (method, path) => fetch(base + path, { method });
}

it('lets a burst pass, then so many a second', () => {
  let now = 0;
  const takes = createBucket({ perSecond: 2, burst: 3 }, () => now);
  expect([takes(), takes(), takes(), takes()]).toEqual([true, true, true, false]);
  now = 500;
  expect([takes(), takes()]).toEqual([true, false]);
});

it('refuses a source that goes wild, and tells it when to come back', async () => {
  const ask = await open(0.5);
  const [first, second] = [await ask('POST', '/hooks/okta'), await ask('POST', '/hooks/okta')];
  expect([first.status, second.status, second.headers.get('retry-after'), await second.text()]).toEqual([204, 429, '1', '']);
});

it('takes nothing from another source, nor from people, for one that goes wild', async () => {
  const ask = await open(5);
  const wild = await Promise.all(Array.from({ length: 60 }, () => ask('POST', '/hooks/okta')));
  expect(wild.filter(({ status }) => status === 429).length).toBeGreaterThan(30);
  const others = [await ask('POST', '/hooks/entra'), await ask('GET', '/scim/v2/Users/1'), await ask('POST', '/oauth/token')];
  expect(others.map(({ status }) => status)).toEqual([204, 204, 204]);
});

it('counts what goes to one route together, whatever its variables are', async () => {
  const ask = await open(2);
  const answers = await Promise.all(Array.from({ length: 20 }, (_, user) => ask('GET', `/scim/v2/Users/${user}`)));
  expect(answers.filter(({ status }) => status === 204).length).toBeLessThan(10);
});
