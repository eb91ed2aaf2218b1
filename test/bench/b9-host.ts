/** Serves one streaming handler over HTTP, as a Lambda environment behind API Gateway does, and tells what CPU its process took. Runs as a process of its own. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { installAwsLambda, runHandler } from '../../packages/local/lambda/runtime.ts';

installAwsLambda();
const [file = '', resource = ''] = process.argv.slice(2);
const { handler } = await import(pathToFileURL(file).href);

async function eventOf(message: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of message as AsyncIterable<Buffer>) pieces.push(piece);
  const headers = Object.entries(message.headers).map(([name, value]) => [name, [String(value)]]);
  return JSON.stringify({
    httpMethod: message.method,
    resource,
    path: resource,
    multiValueHeaders: Object.fromEntries(headers),
    multiValueQueryStringParameters: null,
    pathParameters: null,
    requestContext: { requestId: crypto.randomUUID(), identity: { sourceIp: '127.0.0.1' } },
    body: Buffer.concat(pieces).toString('base64'),
    isBase64Encoded: true,
  });
}

const server = createServer((message, response) => {
  if (message.url === '/cpu') {
    const { user, system } = process.cpuUsage();
    response.end(JSON.stringify({ micros: user + system }));
    return;
  }
  const invocation = { requestId: 'bench', functionName: 'bench', memoryMb: 1024, remainingMs: () => 900_000 };
  const sink = {
    head: ({ statusCode = 200, headers = {} }: { statusCode?: number; headers?: Readonly<Record<string, string>> }) => {
      response.writeHead(statusCode, headers);
      response.flushHeaders();
    },
    chunk: (bytes: Uint8Array, done: () => void) => {
      if (response.write(bytes)) done();
      else response.once('drain', done);
    },
  };
  eventOf(message)
    .then((event) => runHandler(handler, event, invocation, sink))
    .then(
      () => response.end(),
      () => response.destroy(),
    );
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`));
