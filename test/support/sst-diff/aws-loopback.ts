/** Answers the AWS calls that `sst diff` makes by itself (its bootstrap and state): SSM parameters and S3 objects, in memory, on loopback. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { account } from './environment.ts';

const bootstrap = {
  version: 99,
  asset: 'sst-asset',
  assetEcrRegistryId: account,
  assetEcrUrl: 'ecr.invalid/sst-asset',
  state: 'sst-state',
};

export interface AwsLoopback {
  /** e.g. `http://127.0.0.1:40123` */
  url: string;
  close(): void;
}

export async function startAwsLoopback(): Promise<AwsLoopback> {
  const objects = new Map<string, Buffer>();
  const parameters = new Map([['/sst/bootstrap', JSON.stringify(bootstrap)]]);
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const key = new URL(request.url ?? '/', 'http://loopback').pathname;
    const json = (status: number, value: unknown) => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(value));
    };
    switch (request.headers['x-amz-target'] ?? request.method) {
      case 'AmazonSSM.GetParameter': {
        const { Name } = JSON.parse(body.toString());
        const Value = parameters.get(Name);
        if (Value === undefined) return json(400, { __type: 'ParameterNotFound', message: Name });
        return json(200, { Parameter: { Name, Type: 'String', Value, Version: 1 } });
      }
      case 'AmazonSSM.PutParameter': {
        const { Name, Value } = JSON.parse(body.toString());
        parameters.set(Name, Value);
        return json(200, { Version: 1 });
      }
      case 'PUT':
        objects.set(key, body);
        return response.writeHead(200, { etag: '"0"' }).end();
      case 'DELETE':
        objects.delete(key);
        return response.writeHead(204).end();
      case 'GET': {
        const object = objects.get(key);
        if (object) return response.writeHead(200).end(object);
        return response.writeHead(404, { 'content-type': 'application/xml' }).end('<Error><Code>NoSuchKey</Code></Error>');
      }
      default:
        return json(400, { __type: 'UnknownOperationException', message: `${request.headers['x-amz-target'] ?? request.method} ${key}` });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a TCP listener's address is always an AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
