/** One cold start, as Lambda makes it: `node first-answer.mjs BUNDLE EXPORT`, the event on stdin. Prints the CPU from the bundle's import to its first answer, without Node's own start. */
import { readFileSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [bundle, name] = process.argv.slice(2);
const event = JSON.parse(readFileSync(0, 'utf8'));
const before = process.cpuUsage();
const { [name]: handler } = await import(pathToFileURL(bundle).href);
const answer = await handler(event, { awsRequestId: 'bench', getRemainingTimeInMillis: () => 10_000 });
const { user, system } = process.cpuUsage(before);
writeSync(1, `\n${JSON.stringify({ status: answer.statusCode, micros: user + system })}\n`);
process.exit(0);
