/** The bodies of OTLP answers, in the caller's encoding: success, partial success and google.rpc.Status. Decides no status. */
import type { Encoding } from './envelope.ts';
import type { Signal } from './reading.ts';

export const mediaTypes: Readonly<Record<Encoding, string>> = { protobuf: 'application/x-protobuf', json: 'application/json' };

const rejectedName: Readonly<Record<Signal, string>> = {
  metrics: 'rejectedDataPoints',
  logs: 'rejectedLogRecords',
  traces: 'rejectedSpans',
};

/** An Export<Signal>ServiceResponse; `partial_success` is left out when all was taken. */
export function exportResponse(encoding: Encoding, signal: Signal, partial?: { rejected: number; message: string }): Buffer {
  if (!partial) return Buffer.from(encoding === 'json' ? '{}' : '');
  if (encoding === 'json')
    // int64 in proto3 JSON is a string.
    return Buffer.from(
      JSON.stringify({ partialSuccess: { [rejectedName[signal]]: String(partial.rejected), errorMessage: partial.message } }),
    );
  const success = Buffer.concat([varintField(1, partial.rejected), textField(2, partial.message)]);
  return bytesField(1, success);
}

/** Codes of google.rpc.Code that our answers carry. */
export const codes = {
  invalidArgument: 3,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  unavailable: 14,
  unauthenticated: 16,
} as const;
export type Code = (typeof codes)[keyof typeof codes];

const badRequest = 'type.googleapis.com/google.rpc.BadRequest';

/** google.rpc.Status. An invalid argument carries a BadRequest that says the same of the field named. */
export function statusBody(encoding: Encoding, code: Code, message: string, field?: string): Buffer {
  if (encoding === 'json') {
    const details = field && { details: [{ '@type': badRequest, fieldViolations: [{ field, description: message }] }] };
    return Buffer.from(JSON.stringify({ code, message, ...details }));
  }
  const status = [varintField(1, code), textField(2, message)];
  if (field) {
    const violation = Buffer.concat([textField(1, field), textField(2, message)]);
    status.push(bytesField(3, Buffer.concat([textField(1, badRequest), bytesField(2, bytesField(1, violation))])));
  }
  return Buffer.concat(status);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}

function varintField(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

function bytesField(field: number, value: Buffer): Buffer {
  return Buffer.concat([varint(field * 8 + 2), varint(value.length), value]);
}

function textField(field: number, value: string): Buffer {
  return bytesField(field, Buffer.from(value));
}
