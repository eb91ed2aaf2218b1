/** S3 alone behind the endpoint, for tests: a folder that outlives it, a clock that tests move, unmodified clients. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { type Clock, createClock } from '../../clock.ts';
import { type Authorize, createEndpoint } from '../endpoint.ts';
import { createStorage, type DeclaredBucket } from './storage.ts';

export interface TestStorage {
  s3: S3Client;
  /** Another caller: an access key id is a function's name. */
  as(accessKeyId: string): S3Client;
  clock: Clock;
  origin: string;
  /** Stops, and starts on the same folder. */
  restart(): Promise<void>;
  close(): void;
}

export async function startStorage(options: { buckets?: DeclaredBucket[]; authorize?: Authorize } = {}): Promise<TestStorage> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-storage-'));
  const clock = createClock();
  let storage = createStorage({ clock, path: folder, ...options });
  const service = () => storage.service;
  const server = createEndpoint({
    services: [],
    whole: [
      {
        name: 's3',
        operationOf: (request) => service().operationOf(request),
        inputOf: (request) => service().inputOf?.(request),
        answer: (request) => service().answer(request),
      },
    ],
    clock,
    ...(options.authorize && { authorize: options.authorize }),
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const as = (accessKeyId: string) =>
    new S3Client({ endpoint: origin, region: 'us-east-1', credentials: { accessKeyId, secretAccessKey: 'x' }, maxAttempts: 1 });
  return {
    s3: as('person'),
    as,
    clock,
    origin,
    async restart() {
      storage.close();
      storage = createStorage({ clock, path: folder, ...options });
    },
    close() {
      server.closeAllConnections();
      server.close();
      storage.close();
      clock.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Kilobytes or megabytes of a body. */
export async function bytesOf(body: { transformToByteArray(): Promise<Uint8Array> } | undefined): Promise<Buffer> {
  return Buffer.from((await body?.transformToByteArray()) ?? []);
}
