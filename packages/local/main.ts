/** `npm start`: the embedded stack at a person's terminal. Reads flags, says where everything is, and stops cleanly. */
import './require-node.mjs';
import { enableCompileCache } from 'node:module';
import { type Options, readOptions, usage } from './options.ts';

const options = flags();
if (options.help) {
  console.log(usage);
  process.exit(0);
}
const began = performance.now();
// A third of a start would be compiling what the last one compiled: what is imported from here on is kept.
enableCompileCache();
try {
  const { runStack } = await import('./stack.ts');
  const stack = await runStack(options, (line) => console.error(`gatehouse: ${line}`));
  console.log(`Gatehouse is up after ${((performance.now() - began) / 1000).toFixed(2)} s.

  gateway origin      ${stack.gateway}
  AWS endpoint        ${stack.aws}      (AWS_ENDPOINT_URL, region us-east-1, any credentials)
  identity provider   ${stack.idp}      (people: alice, bob, carol ... @example.com, any password)
  outside systems     ${stack.outside}      (/litellm, /coder)
  data                ${options.data}

  A sign-in, a policy, usage, a leaver and the proof, told in one go: npm run demo
  Stop with Ctrl-C.`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      stack.close().then(
        () => process.exit(0),
        (error: unknown) => {
          console.error(error);
          process.exit(1);
        },
      );
    });
} catch (error) {
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
