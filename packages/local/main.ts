/** `npm start`: the embedded stack at a person's terminal. Reads flags, says where everything is, and stops cleanly. */
import { enableCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { type Options, readOptions, usage } from './options.ts';
import { createProgress } from './progress.ts';
import { onStop } from './stop.ts';

const quickSeconds = 10;
const options = flags();
if (options.help) {
  console.log(usage);
  process.exit(0);
}
const began = performance.now();
const progress = createProgress({ write: (line) => console.error(line), isTty: process.stderr.isTTY === true });
// A third of a start would be compiling what the last one compiled: what is imported from here on is kept.
enableCompileCache();
try {
  progress.begin('Loading the stack');
  const { runStack } = await import('./stack.ts');
  const stack = await runStack(options, (line) => console.error(`gatehouse: ${line}`), progress.begin);
  // After the first seconds, in which speed is what counts, V8 keeps its many heaps small: the stack runs for days on a person's machine.
  setTimeout(() => setFlagsFromString('--optimize-for-size'), quickSeconds * 1000).unref();
  progress.end();
  console.log(`Gatehouse is up after ${((performance.now() - began) / 1000).toFixed(2)} s.

  gateway origin      ${stack.gateway}
  AWS endpoint        ${stack.aws}      (AWS_ENDPOINT_URL, region us-east-1, any credentials)
  identity provider   ${stack.idp}      (people: alice, bob, carol ... @example.com, any password)
  outside systems     ${stack.outside}      (/litellm, /coder, /anthropic, /aws-external-anthropic, /bedrock; ${options.vendorLimits} times the real limits of calls)
  data                ${options.data}

  A sign-in, a policy, usage, a leaver and the proof, told in one go: npm run demo
  What the functions say: npm run logs -- --follow${options.port === 8787 ? '' : ` --port ${new URL(stack.gateway).port}`}
  What may go wrong: curl ${stack.aws}/_faults -d '{"service": "dynamodb", "throttle": true, "seconds": 60}'
  Stop with Ctrl-C.`);
  onStop(process, { close: stack.close, say: (line) => console.error(line) });
} catch (error) {
  progress.end();
  // Taken ports, a taken or foreign folder: the sentence is for the person; a stack trace would hide it.
  console.error(error instanceof Error && !(error instanceof TypeError) ? error.message : error);
  process.exit(1);
}

function flags(): Options {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(2);
  }
}
