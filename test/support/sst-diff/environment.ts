/** Where SST's binary runs and with which environment: no account, no telemetry, no downloads. Starts nothing itself. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '..', '..', '..');
/** Everything SST and this harness write; git ignores it. */
export const workFolder = path.join(root, '.sst');
export const sstBinary = path.join(root, 'node_modules', '.bin', 'sst');

/** The account and region of the embedded stack, so that a captured ARN equals the one that runs there. */
export const account = '000000000000';
export const region = 'us-east-1';

/** The environment of every `sst` command of the gate; @param endpoint answers the few AWS calls that SST makes itself. @param builds see builds.ts. */
export function sstEnvironment(endpoint: string, builds = ''): NodeJS.ProcessEnv {
  return {
    ...process.env,
    XDG_CONFIG_HOME: path.join(workFolder, 'home'),
    SST_TELEMETRY_DISABLED: '1',
    DO_NOT_TRACK: '1',
    SST_SKIP_DEPENDENCY_CHECK: '1',
    SST_NO_BUN: '1',
    GOGC: '400', // SST bundles in Go: a lazier collector saves a quarter of its time
    NODE_COMPILE_CACHE: path.join(workFolder, 'compiled'), // five stages load the same SDK
    GATEHOUSE_BUILDS: builds,
    SST_PASSPHRASE: Buffer.alloc(32).toString('base64'),
    NODE_OPTIONS: '', // tests set one that keeps npm from its registry
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'offline',
    AWS_SECRET_ACCESS_KEY: 'offline',
    AWS_SESSION_TOKEN: '',
    AWS_PROFILE: '',
    AWS_REGION: region,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

/** SST takes `pulumi` from its own folder and nowhere else: this puts ours there. */
export function installPulumiStandIn(): void {
  const folder = path.join(workFolder, 'home', 'sst', 'bin');
  const script = path.join(folder, 'pulumi');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    script,
    `#!/bin/sh\nexec "${process.execPath}" --max-semi-space-size=64 "${path.join(import.meta.dirname, 'pulumi.ts')}" "$@"\n`,
  );
  chmodSync(script, 0o755);
}
