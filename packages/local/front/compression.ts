/** What an API with minimumCompressionSize does to bodies: inflates requests, compresses answers. Without that setting none of it runs. */
import type { IncomingMessage } from 'node:http';
import { gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import type { ProxyAnswer } from './proxy.ts';

/** The inflated body; the request then says nothing of a content encoding any more. */
export function inflateBody(message: IncomingMessage, body: Buffer, maxBytes: number): Buffer | 'unsupported' | 'too_large' {
  const encoding = message.headers['content-encoding']?.toLowerCase() ?? 'identity';
  if (encoding === 'identity') return body;
  const open = encoding === 'gzip' ? gunzipSync : encoding === 'deflate' ? inflateSync : undefined;
  if (!open) return 'unsupported';
  try {
    const inflated = open(body, { maxOutputLength: maxBytes });
    forget(message, 'content-encoding');
    return inflated;
  } catch (error) {
    const { code } = error as { code?: unknown };
    return code === 'ERR_BUFFER_TOO_LARGE' ? 'too_large' : 'unsupported';
  }
}

function forget(message: IncomingMessage, header: string): void {
  delete message.headers[header];
  for (let at = message.rawHeaders.length - 2; at >= 0; at -= 2)
    if (message.rawHeaders[at]?.toLowerCase() === header) message.rawHeaders.splice(at, 2);
}

/** `fromBytes`: the smallest body that is worth it. An answer that is encoded already stays as it is. */
export function compressAnswer(message: IncomingMessage, answer: ProxyAnswer, fromBytes: number): ProxyAnswer {
  const accepts = /(^|[\s,])(gzip|\*)(?!\s*;\s*q=0(\.0+)?\s*(,|$))/.test(String(message.headers['accept-encoding'] ?? ''));
  if (!accepts || answer.body.length < fromBytes || answer.body.length === 0 || answer.headers['content-encoding'] !== undefined)
    return answer;
  return { ...answer, headers: { ...answer.headers, 'content-encoding': 'gzip' }, body: gzipSync(answer.body) };
}
