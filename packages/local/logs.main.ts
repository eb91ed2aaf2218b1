/** `npm run logs`: what the functions of a running stack print, readable. Talks to its AWS endpoint and changes nothing there. */
import './require-node.mjs';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { app } from '@gatehouse/contracts/names';
import { readSpan, showLine } from './log-line.ts';
import { createLogReader } from './log-reader.ts';
import { addressesOf, stage } from './profile.ts';

const usage = `npm run logs -- [flags]

  --follow, -f     go on until Ctrl-C
  --function NAME  only functions whose name holds this, e.g. access, or people-hear-okta
  --since SPAN     how far back, in stack time: 90s, 5m, 2h, 1d (default 5m)
  --port P         the first port of the running stack (default 8787)
  --help           this page
`;
const everyMs = 500;

interface Flags {
  follow: boolean;
  function: string;
  sinceMs: number;
  port: number;
}

/** Exits when there is nothing to run: the page was asked for, or a flag is wrong. */
function readFlags(): Flags {
  try {
    const { values } = parseArgs({
      options: {
        follow: { type: 'boolean', short: 'f', default: false },
        function: { type: 'string', default: '' },
        since: { type: 'string', default: '5m' },
        port: { type: 'string', default: '8787' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    const [sinceMs, port] = [readSpan(values.since), Number(values.port)];
    if (sinceMs === undefined) throw new RangeError(`--since ${values.since}: write a number and s, m, h or d, e.g. 5m`);
    if (!Number.isInteger(port) || port < 1 || port > 65_532) throw new RangeError(`--port ${values.port}: write the stack's first port`);
    return { follow: values.follow, function: values.function, sinceMs, port };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(2);
  }
}

async function run({ follow, function: part, sinceMs, port }: Flags): Promise<void> {
  const { aws } = addressesOf(port);
  const { now } = (await (await fetch(`${aws}/_clock`)).json()) as { now: string };
  const since = Date.parse(now) - sinceMs;
  const reader = createLogReader(aws, (name) => name.includes(part));
  const style = { color: process.stdout.isTTY === true && process.env.NO_COLOR === undefined, prefix: `${app}-${stage}-` };
  for (;;) {
    for (const line of await reader.next(since)) console.log(showLine(line, style));
    if (!follow) return;
    await pause(everyMs);
  }
}

const flags = readFlags();
// A reader such as head may leave first.
process.stdout.on('error', () => process.exit(0));
process.once('SIGINT', () => process.exit(0));
try {
  await run(flags);
} catch (error) {
  const isAway = error instanceof TypeError && error.message === 'fetch failed';
  console.error(isAway ? `No stack answers on port ${flags.port}: start one with npm start, or say --port` : error);
  process.exit(1);
}
