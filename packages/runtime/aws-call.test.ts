import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AwsRefusal, awsCall, awsJson, isThrottle } from './aws-call.ts';

let server: Server;
let asked: { headers: Record<string, unknown>; url: string; body: string }[] = [];
/** One listener a request; the last one goes on. */
let listeners: RequestListener[] = [];

beforeEach(async () => {
  asked = [];
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    asked.push({ headers: request.headers, url: request.url ?? '', body: Buffer.concat(chunks).toString() });
    const listener = listeners.length > 1 ? listeners.shift() : listeners[0];
    listener?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  Object.assign(process.env, {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'AKID',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'session',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
    AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${port}`,
    AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${port}/`,
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
  });
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const answer =
  (status: number, body: object | string, headers: Record<string, string> = {}): RequestListener =>
  (_, response) =>
    void response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
const refusal = (status: number, name: string, headers?: Record<string, string>) =>
  answer(status, { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: 'no' }, headers);
const cut: RequestListener = (request) => void request.socket.destroy();
const silent: RequestListener = () => {};

const read = (patience = {}) => awsJson<{ found: string }>('dynamodb', 'GetItem', { name: 'Zoë 🙂' }, patience);

describe('a call', () => {
  it('is signed for its service and region, with the session', async () => {
    listeners = [answer(200, { found: 'Ångström' })];
    expect(await read()).toEqual({ found: 'Ångström' });
    expect(asked).toMatchObject([
      { url: '/', body: '{"name":"Zoë 🙂"}', headers: { 'x-amz-target': 'DynamoDB_20120810.GetItem', 'x-amz-security-token': 'session' } },
    ]);
    expect(asked[0]?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/eu-central-1\/dynamodb\/aws4_request,/);
  });

  it('keeps its connection for the next one', async () => {
    const ports = new Set<number | undefined>();
    listeners = [
      (request, response) => {
        ports.add(request.socket.remotePort);
        response.end('{}');
      },
    ];
    for (let count = 0; count < 3; count++) await read();
    expect(ports.size).toBe(1);
  });

  it('keeps an escaped path, and puts a bucket in front of it', async () => {
    listeners = [answer(200, '')];
    await awsCall('lambda', { method: 'POST', path: `/functions/${encodeURIComponent('arn:aws:lambda')}/invocations` });
    await awsCall('s3', { method: 'GET', path: '/a%20b', bucket: 'kept' });
    expect(asked.map(({ url }) => url)).toEqual(['/functions/arn%3Aaws%3Alambda/invocations', '/kept/a%20b']);
  });

  it.each([
    ['a server fault', answer(500, '<html>no JSON</html>')],
    ['a throttle', refusal(400, 'ProvisionedThroughputExceededException')],
    ['another throttle', answer(429, {})],
    ['a cut connection', cut],
  ])('is tried again after %s', async (_, listener) => {
    listeners = [listener, answer(200, { found: 'yes' })];
    expect(await read()).toEqual({ found: 'yes' });
    expect(asked).toHaveLength(2);
  });

  it.each(['ValidationException', 'AccessDeniedException', 'ConditionalCheckFailedException', 'TransactionCanceledException'])(
    'is not tried again after %s',
    async (name) => {
      listeners = [refusal(400, name, { 'x-amzn-requestid': 'req-7' })];
      const refused = await read().catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(AwsRefusal);
      expect(refused).toMatchObject({ name, status: 400, message: 'no (AWS request req-7)', answer: { message: 'no' } });
      expect(asked).toHaveLength(1);
    },
  );

  it('ends after three tries with what AWS said', async () => {
    listeners = [refusal(400, 'ThrottlingException')];
    const refused = await read().catch((error: Error) => error);
    expect([refused instanceof Error && isThrottle(refused), asked.length]).toEqual([true, 3]);
  });

  it('is tried as often as its caller allows', async () => {
    listeners = [answer(503, {})];
    await expect(read({ attempts: 1 })).rejects.toMatchObject({ name: 'Status503' });
    expect(asked).toHaveLength(1);
  });

  it('gives up an answer that does not come', async () => {
    listeners = [silent];
    await expect(read({ timeoutMs: 50, attempts: 2 })).rejects.toThrow(/did not answer within 50 ms/);
    expect(asked).toHaveLength(2);
  });

  it('gives up an answer that begins and does not end', async () => {
    listeners = [(_, response) => void response.writeHead(200).write('{"found":')];
    await expect(read({ timeoutMs: 50, attempts: 1 })).rejects.toThrow();
  });

  it('takes half an answer for none', async () => {
    listeners = [
      (request, response) => {
        response.writeHead(200, { 'content-length': '99' }).write('{"found":');
        setImmediate(() => request.socket.destroy());
      },
      answer(200, { found: 'yes' }),
    ];
    expect(await read()).toEqual({ found: 'yes' });
  });

  it('is an error where nobody listens', async () => {
    await expect(awsJson('kms', 'Sign', {}, { attempts: 2 })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('names what an operator has to set, and asks nobody', async () => {
    delete process.env.AWS_ACCESS_KEY_ID;
    await expect(read()).rejects.toMatchObject({ name: 'Misconfigured' });
    expect(asked).toHaveLength(0);
  });

  it("reads the error's name where S3 and Lambda write it", async () => {
    listeners = [answer(404, '<Error><Code>NoSuchKey</Code></Error>')];
    await expect(awsCall('s3', { method: 'GET', path: '/', bucket: 'kept' })).rejects.toMatchObject({ name: 'NoSuchKey', status: 404 });
    listeners = [answer(404, { Message: 'gone' }, { 'x-amzn-errortype': 'ResourceNotFoundException:http://internal' })];
    const refused = awsCall('lambda', { method: 'POST', path: '/' });
    await expect(refused).rejects.toMatchObject({ name: 'ResourceNotFoundException', answer: { Message: 'gone' } });
  });
});

it("a wrong clock follows AWS's own and asks again; a wrong key does not", async () => {
  const ahead = Date.now() + 15 * 60_000;
  const date = { date: new Date(ahead).toUTCString() };
  listeners = [refusal(403, 'InvalidSignatureException')];
  await expect(read()).rejects.toMatchObject({ name: 'InvalidSignatureException' });
  expect(asked).toHaveLength(1);
  listeners = [refusal(400, 'RequestTimeTooSkewed', date), answer(200, { found: 'yes' })];
  expect(await read()).toEqual({ found: 'yes' });
  await read();
  const times = asked.slice(-2).map(({ headers }) => String(headers['x-amz-date']).replace(/(....)(..)(..T..)(..)(..Z)/, '$1-$2-$3:$4:$5'));
  for (const time of times) expect(Math.abs(Date.parse(time) - ahead)).toBeLessThan(10_000);
});
