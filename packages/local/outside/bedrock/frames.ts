/** Bedrock's answers on the wire: chunk events and exceptions as vnd.amazon.eventstream messages. */
import { EventStreamCodec } from '@smithy/eventstream-codec';

const codec = new EventStreamCodec(
  (bytes) => (typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8')),
  (text) => Buffer.from(text, 'utf8'),
);
const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** One piece of the model's own stream, as JSON; `p` pads it so that its length tells less. */
export function chunkFrame(event: unknown): Uint8Array {
  const bytes = Buffer.from(JSON.stringify(event)).toString('base64');
  return message(
    { ':event-type': 'chunk', ':message-type': 'event' },
    { bytes, p: alphabet.slice(0, 1 + (bytes.length % alphabet.length)) },
  );
}

/** @param type as the API spells it in a stream, e.g. `throttlingException`. */
export function exceptionFrame(type: string, text: string): Uint8Array {
  return message({ ':exception-type': type, ':message-type': 'exception' }, { message: text });
}

function message(headers: Readonly<Record<string, string>>, body: unknown): Uint8Array {
  return codec.encode({
    headers: Object.fromEntries(
      Object.entries({ ...headers, ':content-type': 'application/json' }).map(([name, value]) => [
        name,
        { type: 'string' as const, value },
      ]),
    ),
    body: Buffer.from(JSON.stringify(body)),
  });
}
