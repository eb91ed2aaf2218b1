/** `npm run doctor`: looks at a stage's profile, and with credentials at its account, and says what to mend. Changes nothing. */
import { homedir } from 'node:os';
import path from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { lookAtAccount } from './doctor/account.aws.ts';
import { lookAtClient, lookAtName } from './doctor/client.ts';
import { type Finding, wrong } from './doctor/finding.ts';
import { lookAtProfile } from './doctor/profile.ts';
import { profileOf } from './profile.ts';

const usage = `npm run doctor -- STAGE [--offline] [--json]

Looks at stacks/profiles/STAGE.yaml and, with AWS credentials, at the account it is for.
  --offline   asks neither AWS nor the network
  --json      one JSON document instead of lines
Exit codes: 0 nothing is wrong, 1 something is, 2 the command was.`;

const root = path.join(import.meta.dirname, '..');

async function examine(stage: string, offline: boolean): Promise<Finding[]> {
  let profile: ReturnType<typeof profileOf>;
  try {
    profile = profileOf(stage, root);
  } catch (error) {
    return [wrong('profile', error instanceof Error ? error.message : String(error), 'write what it says')];
  }
  const found = lookAtProfile(stage, profile);
  if (offline) return found;
  found.push(...(await lookAtAccount(stage, profile, Date.now())));
  const name = profile.domain?.name;
  if (name === undefined) return found;
  const client = await lookAtClient(homedir(), name);
  return [...found, await lookAtName(name), ...(client ? [client] : [])];
}

const marks = { ok: ['green', '✓'], wrong: ['red', '✗'], unknown: ['yellow', '?'] } as const;

function line({ check, state, says, mend }: Finding): string {
  const [colour, mark] = marks[state];
  return `${styleText(colour, mark, { stream: process.stdout })} ${check}: ${says}${mend ? `\n    ${mend}` : ''}`;
}

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
  const findings = await examine(asked.stage, asked.offline);
  console.log(asked.json ? JSON.stringify({ stage: asked.stage, findings }, undefined, 2) : findings.map(line).join('\n'));
  process.exitCode = findings.some(({ state }) => state === 'wrong') ? 1 : 0;
}
