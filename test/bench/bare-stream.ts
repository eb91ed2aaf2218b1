/** What B9 measures against: ten lines that stream what upstream answers, and check, count and bill nothing. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import type { APIGatewayProxyEvent } from 'aws-lambda';

export const handler = awslambda.streamifyResponse<APIGatewayProxyEvent>(async (event, out) => {
  const headers = { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', 'x-api-key': process.env.UPSTREAM_KEY ?? '' };
  const body = Buffer.from(event.body ?? '', 'base64');
  const upstream = await fetch(process.env.UPSTREAM_URL ?? '', { method: 'POST', headers, body });
  const head = { statusCode: upstream.status, headers: { 'content-type': 'text/event-stream' } };
  const stream = awslambda.HttpResponseStream.from(out as awslambda.HttpResponseStream, head);
  await pipeline(Readable.fromWeb(upstream.body as ReadableStream), stream);
});
