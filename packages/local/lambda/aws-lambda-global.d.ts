/** The global that Lambda's Node.js runtime defines for response streaming. */
import type { Writable } from 'node:stream';

declare global {
  var awslambda: {
    streamifyResponse<E>(
      handler: (event: E, stream: Writable, context: unknown) => Promise<void>,
    ): (event: E, context: unknown) => Promise<unknown>;
    HttpResponseStream: { from(stream: Writable, head: { statusCode: number; headers?: Record<string, string> }): Writable };
  };
}
