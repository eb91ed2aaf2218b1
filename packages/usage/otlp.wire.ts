/**
 * How refusals and faults look to an OTLP exporter: google.rpc.Status in its own encoding. Trouble or doubt of ours is 503 with Retry-After: 1,
 * since exporters drop what is answered 4xx or 500, and give up when the wait is longer than their ten seconds.
 */
import type { AdmissionRefusal } from '@gatehouse/contracts/refusal';
import type { Reply, Request } from '@gatehouse/runtime/http';
import { challengeOf, statusOf, type Wire } from '@gatehouse/runtime/wire';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { type Code, codes, mediaTypes, statusBody } from './otlp/answer.ts';
import { type EnvelopeRefusal, encodingOf } from './otlp/envelope.ts';

/** A Status in the encoding that was sent, or JSON for a sender who speaks neither. */
function statusReply(
  request: Request,
  status: number,
  code: Code,
  message: string,
  more: { headers?: Record<string, string>; field?: string } = {},
): Reply {
  const encoding = encodingOf(request.header('content-type')) ?? 'json';
  return {
    status,
    headers: { 'content-type': mediaTypes[encoding], ...more.headers },
    body: statusBody(encoding, code, message, more.field),
  };
}

function comeBack(request: Request): Reply {
  return statusReply(request, 503, codes.unavailable, tryAgain, {
    headers: { 'retry-after': '1' },
  });
}

/** The same before there is a request to speak of: when the time for an answer is over. */
export function comeBackLater({ multiValueHeaders }: APIGatewayProxyEvent): APIGatewayProxyResult {
  const sent = Object.entries(multiValueHeaders ?? {}).find(([name]) => name.toLowerCase() === 'content-type')?.[1]?.[0];
  const encoding = encodingOf(sent) ?? 'json';
  return {
    statusCode: 503,
    headers: { 'content-type': mediaTypes[encoding], 'retry-after': '1' },
    body: statusBody(encoding, codes.unavailable, tryAgain).toString('base64'),
    isBase64Encoded: true,
  };
}

const tryAgain = 'Usage cannot be recorded just now: send it again.';

export const otlpWire: Wire = {
  refuse(refusal: AdmissionRefusal, request: Request): Reply {
    const headers = { 'www-authenticate': challengeOf(refusal) };
    switch (statusOf(refusal)) {
      case 401:
        return statusReply(request, 401, codes.unauthenticated, 'The access token is missing, expired or no longer accepted.', { headers });
      case 403:
        return statusReply(request, 403, codes.permissionDenied, 'The access token is not for usage reports.', { headers });
      case 503:
        return comeBack(request);
    }
  },
  fault(_error, request) {
    return comeBack(request);
  },
};

/** What is wrong with the request itself: final, so that nobody sends it again. */
export function refuseEnvelope(refusal: EnvelopeRefusal, request: Request): Reply {
  switch (refusal.reason) {
    case 'media_type':
      return statusReply(request, 415, codes.invalidArgument, 'Send application/x-protobuf or application/json.', {
        field: 'Content-Type',
      });
    case 'content_encoding':
      return statusReply(request, 415, codes.invalidArgument, 'Send the body as it is, or with gzip or deflate.', {
        field: 'Content-Encoding',
      });
    case 'too_large':
      return statusReply(
        request,
        413,
        codes.resourceExhausted,
        `The body has ${refusal.bytes} bytes and ${refusal.maxBytes} are taken: send smaller batches.`,
      );
    case 'inflates_too_large':
      return statusReply(
        request,
        413,
        codes.resourceExhausted,
        `The body inflates to more than the ${refusal.maxBytes} bytes taken: send smaller batches.`,
      );
    case 'malformed':
      return statusReply(request, 400, codes.invalidArgument, refusal.detail, { field: 'body' });
  }
}

export function refuseMethod(request: Request): Reply {
  return statusReply(request, 405, codes.unimplemented, 'Usage is sent with POST.', { headers: { allow: 'POST' } });
}
