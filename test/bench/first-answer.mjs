/** One cold start, as Lambda makes it: `node first-answer.mjs BUNDLE EXPORT`, the event on stdin. Prints the CPU from the bundle's import to its first answer, without Node's own start. */
import { readFileSync, writeSync } from 'node:fs';
import { Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';

/** What the managed runtime defines for handlers that stream. */
const streaming = Symbol.for('aws.lambda.runtime.handler.streaming');
let head;
globalThis.awslambda = {
  streamifyResponse: (handler) => Object.assign(handler, { [streaming]: 'response' }),
  HttpResponseStream: {
    from(stream, given) {
      head = given;
      return stream;
    },
  },
};
/** @returns `first`: the head, once the first byte or the end has come; `whole`: the end of the invocation. */
function streamed(handler, event, context) {
  let whole;
  const first = new Promise((resolve, reject) => {
    const out = new Writable({
      write(_chunk, _encoding, done) {
        resolve(head);
        done();
      },
    });
    const finished = new Promise((finish) => out.once('finish', finish));
    whole = Promise.all([handler(event, out, context), finished]);
    whole.then(() => resolve(head), reject);
  });
  return { first, whole };
}

const [bundle, name] = process.argv.slice(2);
const event = JSON.parse(readFileSync(0, 'utf8'));
const context = { awsRequestId: 'bench', getRemainingTimeInMillis: () => 10_000 };
const before = process.cpuUsage();
const { [name]: handler } = await import(pathToFileURL(bundle).href);
const call = handler[streaming] ? streamed(handler, event, context) : { first: handler(event, context) };
const answer = await call.first;
const { user, system } = process.cpuUsage(before);
// What comes after the first byte is not measured, but settled: the next round asks again.
await call.whole;
writeSync(1, `\n${JSON.stringify({ status: answer?.statusCode, micros: user + system })}\n`);
process.exit(0);
