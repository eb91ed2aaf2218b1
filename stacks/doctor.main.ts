/** `npm run doctor`: looks at a stage's profile, and with credentials at its account, and says what to mend. Changes nothing. */
import { parseArgs } from 'node:util';

const usage = `npm run doctor -- STAGE [--offline] [--json]

Looks at stacks/profiles/STAGE.yaml and, with AWS credentials, at the account it is for.
  --offline   asks neither AWS nor the network
  --json      one JSON document instead of lines
Exit codes: 0 nothing is wrong, 1 something is, 2 the command was.`;

function read(): { stage: string; offline: boolean; json: boolean } | undefined {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        offline: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const [stage, ...more] = positionals;
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    return stage !== undefined && more.length === 0 ? { stage, offline: values.offline, json: values.json } : undefined;
  } catch {
    return undefined;
  }
}

const asked = read();
if (!asked) {
  console.error(usage);
  process.exitCode = 2;
} else {
  const { examine, line } = await import('./doctor/examine.ts'); // only now: it loads seven clients
  const findings = await examine(asked.stage, asked.offline);
  console.log(asked.json ? JSON.stringify({ stage: asked.stage, findings }, undefined, 2) : findings.map(line).join('\n'));
  process.exitCode = findings.some(({ state }) => state === 'wrong') ? 1 : 0;
}
