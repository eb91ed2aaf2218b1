/** For tests: services behind the real endpoint on a free loopback port, and what an SDK client needs to reach them. */
import { once } from 'node:events';
import type { Clock } from '../clock.ts';
import { createEndpoint, type EndpointOptions } from './endpoint.ts';
import { type AwsService, region } from './service.ts';

export interface TestEndpoint {
  /** Configuration of any SDK client. */
  client: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string }; maxAttempts: number };
  close(): Promise<void>;
}

export async function listen(services: readonly AwsService[], clock: Clock, more: Partial<EndpointOptions> = {}): Promise<TestEndpoint> {
  const server = createEndpoint({ services, clock, ...more });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('The endpoint listens on no port');
  return {
    client: {
      endpoint: `http://127.0.0.1:${address.port}`,
      region,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
