/** The envelope of an OTLP/HTTP request: which encoding it is in and its plain bytes, within bounds. Gzip is told by its bytes: what stands before us may have inflated it. */
import { constants, gunzipSync, inflateSync } from 'node:zlib';
import { ok, type Result, refuse } from '@gatehouse/core/result';

export type Encoding = 'protobuf' | 'json';

export type EnvelopeRefusal =
  | { reason: 'media_type'; said: string }
  | { reason: 'content_encoding'; said: string }
  | { reason: 'too_large'; bytes: number; maxBytes: number }
  | { reason: 'inflates_too_large'; maxBytes: number }
  | { reason: 'malformed'; detail: string };

/** As sent. Larger ones seldom reach us: API Gateway takes 10 MB and Lambda 6 MB, base64 included. */
const maxSentBytes = 5 * 1024 * 1024;
/** OTLP recommends this bound for what a body inflates to. */
const maxPlainBytes = 64 * 1024 * 1024;

/** Parameters such as `; charset=utf-8` do not matter. Undefined when it is neither. */
export function encodingOf(contentType: string | undefined): Encoding | undefined {
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  if (type === 'application/x-protobuf') return 'protobuf';
  return type === 'application/json' ? 'json' : undefined;
}

export function openEnvelope(
  body: Buffer,
  headers: { contentType: string | undefined; contentEncoding: string | undefined },
): Result<{ encoding: Encoding; bytes: Buffer }, EnvelopeRefusal> {
  const encoding = encodingOf(headers.contentType);
  if (!encoding) return refuse({ reason: 'media_type', said: headers.contentType ?? 'nothing' });
  const packed = headers.contentEncoding?.trim().toLowerCase() ?? '';
  if (packed !== '' && packed !== 'gzip' && packed !== 'deflate' && packed !== 'identity')
    return refuse({ reason: 'content_encoding', said: packed });
  if (body.length > maxSentBytes) return refuse({ reason: 'too_large', bytes: body.length, maxBytes: maxSentBytes });
  const inflate = inflaterOf(body, packed);
  if (!inflate) return ok({ encoding, bytes: body });
  try {
    return ok({ encoding, bytes: inflate(body, { maxOutputLength: maxPlainBytes, finishFlush: constants.Z_FINISH }) });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ERR_BUFFER_TOO_LARGE') return refuse({ reason: 'inflates_too_large', maxBytes: maxPlainBytes });
    return refuse({
      reason: 'malformed',
      detail: `The compressed body does not inflate: ${error instanceof Error ? error.message : 'unknown'}`,
    });
  }
}

/** No OTLP message and no JSON begins with these two bytes. */
export function isGzip([first, second]: Buffer): boolean {
  return first === 0x1f && second === 0x8b;
}

/** Nor with zlib's first (RFC 1950), which some SDKs send as `deflate`. Undefined for a plain body. */
function inflaterOf(body: Buffer, packed: string): typeof gunzipSync | undefined {
  if (isGzip(body)) return gunzipSync;
  return packed === 'deflate' && body[0] === 0x78 ? inflateSync : undefined;
}
