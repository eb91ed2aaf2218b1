/**
 * Stands in for the `pulumi` binary, as far as `sst diff` needs one: `version`, `stack init`, `preview`.
 * A preview runs the real program under Pulumi's own mock monitor and reports what it registered; it never asks AWS.
 */
import crypto from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { rememberBuilds } from './builds.ts';
import { createRecorder, type Registration } from './recorder.ts';

const version = 'v3.215.0';
const workFolder = process.cwd(); // SST's run() changes directory, so it is read before
const [command, ...rest] = process.argv.slice(2);

/** The parts of @pulumi/pulumi that a preview drives. */
interface PulumiRuntime {
  setMocks(mocks: unknown, project: string, stack: string, preview: boolean, organization: string): Promise<void>;
  setAllConfig(config: Record<string, string>): void;
  runInPulumiStack(program: () => Promise<unknown>): Promise<unknown>;
}
interface PulumiSettings {
  setMockOptions(monitor: unknown, project: string, stack: string, preview: boolean, organization: string): void;
}
interface Debuggable {
  debuggablePromise(promise: Promise<unknown>, context: unknown): Promise<unknown>;
}

function option(name: string): string {
  const value = rest[rest.indexOf(name) + 1];
  if (!rest.includes(name) || value === undefined) throw new Error(`pulumi ${command} was called without ${name}`);
  return value;
}

/** SST reads the state back from this file, in Pulumi's checkpoint format 3. */
function writeCheckpoint(project: string, stage: string, resources: readonly Registration[]): void {
  const file = path.join(workFolder, '.pulumi', 'stacks', project, `${stage}.json`);
  const latest = {
    manifest: { time: '2026-01-01T00:00:00Z', magic: '', version },
    resources: resources.map(({ urn, type, custom, inputs, outputs }) => ({ urn, type, custom, inputs, outputs })),
  };
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ version: 3, checkpoint: { stack: `organization/${project}/${stage}`, latest } }));
}

async function preview(): Promise<void> {
  const [, project = '', stage = ''] = option('--stack').split('/');
  const main = /^main: (.*)$/m.exec(readFileSync('Pulumi.yaml', 'utf8'))?.[1];
  if (!main) throw new Error('Pulumi.yaml names no main');
  const config: Record<string, string> = {};
  for (const [index, argument] of rest.entries()) {
    if (rest[index - 1] !== '--config') continue;
    const equals = argument.indexOf('=');
    config[argument.slice(0, equals)] = argument.slice(equals + 1);
  }

  const fromPlatform = createRequire(path.join(path.dirname(main), 'package.json'));
  const { runtime } = fromPlatform('@pulumi/pulumi') as { runtime: PulumiRuntime };
  const settings = fromPlatform('@pulumi/pulumi/runtime/settings') as PulumiSettings;
  const recorder = createRecorder({ MockMonitor: fromPlatform('@pulumi/pulumi/runtime/mocks').MockMonitor, stage, project });
  await runtime.setMocks(recorder.mocks, project, stage, true, 'organization');
  settings.setMockOptions(recorder.monitor, project, stage, true, 'organization');
  runtime.setAllConfig(config);
  pinPhysicalNames();
  withoutStacks(fromPlatform('@pulumi/pulumi/runtime/debuggable') as Debuggable);
  const { SST_SERVER, GATEHOUSE_BUILDS } = process.env;
  if (SST_SERVER && GATEHOUSE_BUILDS) process.env.SST_SERVER = await rememberBuilds(SST_SERVER, GATEHOUSE_BUILDS);

  let settled = false;
  let failure: unknown;
  const fail = (reason: unknown) => {
    failure ??= reason;
  };
  process.on('unhandledRejection', fail);
  runtime
    .runInPulumiStack(async () => (await import(pathToFileURL(main).href)).default)
    .then(() => {
      settled = true;
    }, fail);
  // Not the program's promise but an empty event loop is the end: what a late apply registers is then recorded too.
  process.once('beforeExit', () => {
    const log = eventLog(option('--event-log'));
    const registrations = recorder.registrations();
    const twice = registrations.filter((registration) => registration.duplicate).map(({ urn }) => urn);
    if (twice.length > 0) fail(new Error(`Duplicate resource URN: ${twice.join(', ')}`));
    if (!settled) fail(new Error('the program never settled: something waits for an output that nobody sets'));
    if (failure !== undefined) {
      const { message, stack } = failure instanceof Error ? failure : { message: String(failure), stack: undefined };
      log({ diagnosticEvent: { severity: 'error', message, color: 'never', prefix: '' } });
      console.error(stack ?? message);
      process.exit(1);
    }
    for (const { urn, type, custom, parent, inputs, options } of registrations) {
      const state = { type, urn, custom, id: '', parent: parent ?? '', inputs, outputs: inputs, provider: '', protect: options.protect };
      const next = { ...state, retainOnDelete: options.retainOnDelete };
      const metadata = {
        op: 'create',
        urn,
        type,
        old: null,
        new: next,
        keys: null,
        diffs: null,
        detailedDiff: null,
        logical: true,
        provider: '',
      };
      log({ resOutputsEvent: { planning: true, metadata } });
    }
    log({ summaryEvent: { maybeCorrupt: false, durationSeconds: 0, resourceChanges: { create: registrations.length }, policyPacks: {} } });
    writeCheckpoint(project, stage, registrations);
  });
}

function eventLog(file: string): (event: Record<string, unknown>) => void {
  let sequence = 0;
  return (event) => appendFileSync(file, `${JSON.stringify({ sequence: sequence++, timestamp: 0, ...event })}\n`);
}

/** Pulumi writes a whole stack, through source maps, for each of ten thousand promises, to name one that never settles: half of a run. */
function withoutStacks(debuggable: Debuggable): void {
  const { debuggablePromise } = debuggable;
  debuggable.debuggablePromise = (promise, context) => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      return debuggablePromise(promise, context);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  };
}

/** SST ends physical names in characters from eight random bytes: pinned, two runs give the same graph. */
function pinPhysicalNames(): void {
  const randomBytes = crypto.randomBytes;
  const pinned = (size: number, ...more: []) => (size === 8 ? Buffer.alloc(8) : randomBytes(size, ...more));
  Object.assign(crypto, { randomBytes: pinned });
}

switch (command) {
  case 'version':
    console.log(version);
    break;
  case 'stack': {
    const [, project = '', stage = ''] = (rest[1] ?? '').split('/');
    writeCheckpoint(project, stage, []);
    break;
  }
  case 'preview':
    await preview();
    break;
  default:
    console.error(`"pulumi ${command}" is not part of sst diff`);
    process.exit(1);
}
