/**
 * One HTTP entry whose answers leave while they are made: `http`'s admission and routing, Lambda's response streaming. What breaks off after
 * its head was sent ends the invocation with an error, so that nobody takes it for whole. A handler is not told that its client left.
 */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import type * as z from 'zod';
import { type Call, headersOf, type Options, type Reply, type Request, serving } from './http.ts';
import { log } from './log.ts';

/** A reply whose body may still be in the making. */
export type StreamReply = Omit<Reply, 'body'> & { body?: Reply['body'] | AsyncIterable<Uint8Array | string> };

export type StreamHandle<E> = (request: Request, call: Call<E>) => Promise<StreamReply>;

export function httpStream<S extends z.ZodType>(options: Options<S>, handlers: Readonly<Record<string, StreamHandle<z.infer<S>>>>) {
  const serve = serving<S, StreamReply>(options, handlers);
  return awslambda.streamifyResponse<APIGatewayProxyEvent>(async (event, raw, context) => {
    const { reply, request } = await serve(event, (context as Context).awsRequestId);
    const headers = headersOf(reply, request);
    const { body } = reply;
    if (isObject(body)) headers['content-type'] ??= 'application/json';
    const head = { statusCode: reply.status, headers, ...(reply.cookies?.length && { cookies: [...reply.cookies] }) };
    const out = awslambda.HttpResponseStream.from(raw as awslambda.HttpResponseStream, head);
    try {
      for await (const chunk of chunksOf(body)) if (!out.write(chunk)) await once(out, 'drain');
    } catch (error) {
      log.error('broken off', { error: error as Error, path: request.path, request_id: request.requestId });
      throw error;
    }
    await finish(out);
  });
}

type Body = StreamReply['body'];

async function* chunksOf(body: Body): AsyncIterable<Uint8Array | string> {
  if (body === undefined) return;
  if (typeof body === 'string' || Buffer.isBuffer(body)) yield body;
  else if (Symbol.asyncIterator in body) yield* body;
  else yield JSON.stringify(body);
}

function isObject(body: Body): boolean {
  return typeof body === 'object' && !Buffer.isBuffer(body) && !(Symbol.asyncIterator in body);
}

function finish(out: Writable): Promise<void> {
  return new Promise((resolve, reject) => {
    out.once('error', reject);
    out.end(resolve);
  });
}
