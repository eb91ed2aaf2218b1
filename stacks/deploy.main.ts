/** `npm run deploy`: has the doctor look first, and hands over to SST when nothing is wrong. What is wrong is told, and then nothing is deployed. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';

const usage = `npm run deploy -- STAGE [--dry-run]

Looks at stacks/profiles/STAGE.yaml and at the account it is for, then runs sst deploy --stage STAGE.
  --dry-run   runs sst diff instead: shows what would change
Exit codes: 1 something is wrong and nothing was deployed, 2 the command was wrong; otherwise SST's own.`;

const root = path.join(import.meta.dirname, '..');

function read(): { stage: string; dryRun: boolean } | undefined {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { 'dry-run': { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h' } },
    });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    const [stage, ...more] = positionals;
    return stage !== undefined && more.length === 0 ? { stage, dryRun: values['dry-run'] } : undefined;
  } catch {
    return undefined;
  }
}

async function deploy(stage: string, dryRun: boolean): Promise<number> {
  const { inTheWay, line } = await import('./doctor/examine.ts'); // only now: it loads seven clients
  const found = await inTheWay(stage);
  if (found.length > 0) {
    console.error(`${found.map(line).join('\n')}\nNothing was deployed.`);
    return 1;
  }
  const command = dryRun ? 'diff' : 'deploy';
  const { status } = spawnSync(path.join(root, 'node_modules/.bin/sst'), [command, '--stage', stage], { cwd: root, stdio: 'inherit' });
  return status ?? 1;
}

const asked = read();
if (asked) process.exitCode = await deploy(asked.stage, asked.dryRun);
else {
  console.error(usage);
  process.exitCode = 2;
}
