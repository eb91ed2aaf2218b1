/**
 * The embedded stack: one process, four loopback ports, the deployed files. It puts the parts together and lets go of them again;
 * what runs in it is said by the surfaces.
 */
import { existsSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { functionName } from '@gatehouse/contracts/names';
import type { Surface } from '@gatehouse/contracts/surface';
import { samplePolicy } from '@gatehouse/rules/sample';
import { createAccess } from './aws/access.ts';
import { createCloudWatch } from './aws/cloudwatch/cloudwatch.ts';
import { createDynamoDb, type DynamoDb } from './aws/dynamodb/dynamodb.ts';
import { createEndpoint } from './aws/endpoint.ts';
import { createEvents, type Events } from './aws/events/events.ts';
import { createKms } from './aws/kms.ts';
import { createLogs } from './aws/logs.ts';
import { createSecretsManager } from './aws/secrets-manager.ts';
import { AwsError } from './aws/service.ts';
import { createStates, type States } from './aws/states/states.ts';
import { fileStore } from './aws/states/store.file.ts';
import { type Clock, createClock } from './clock.ts';
import { createControl } from './control.ts';
import { openDataFolder } from './data-folder.ts';
import { readDocument, writeDocument } from './durable-file.ts';
import { createFront } from './front/front.ts';
import { createIdp } from './idp/create-idp.ts';
import type { LambdaHost } from './lambda/contract.ts';
import { createLambdaHost } from './lambda/host.ts';
import type { Options } from './options.ts';
import { createOutside } from './outside/create-outside.ts';
import { fourPorts, host } from './ports.ts';
import { type Addresses, addressesOf, localProfile, partnerBus, replicas, stage } from './profile.ts';
import { provision } from './provision.ts';
import { installStackDate } from './stack-date.ts';
import { connectStreams } from './streams.ts';
import { loadSurfaces } from './surfaces.ts';

export interface RunningStack extends Addresses {
  clock: Clock;
  /** Resolves when nothing is in flight; what waits for the clock or a token is not. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** Secrets of the embedded company: they open nothing outside of this process. */
const directoryToken = 'local-directory-token';
const litellmKey = 'sk-local-litellm-master';
const coderToken = 'local-coder-token';

/** Made from the sources, and gone with the libraries that went in. */
const bundleFolder = fileURLToPath(new URL('../../node_modules/.cache/gatehouse', import.meta.url));

export async function runStack(options: Options, warn: (line: string) => void): Promise<RunningStack> {
  const port = await fourPorts(options.port);
  const folder = openDataFolder(options.data, { fresh: options.fresh });
  const at = (name: string) => join(folder.state, name);
  const isFresh = !existsSync(at('dynamodb'));
  const clock = createClock(undefined, readOffset(at('clock.json')));
  installStackDate(clock);
  const addresses = addressesOf(port);
  const closers: (() => unknown)[] = [() => folder.release()];
  try {
    const surfaces = await loadSurfaces();
    const cloudwatch = createCloudWatch({ clock, onAlarm: (event) => void events.publish('default', event) });
    closers.push(() => cloudwatch.close());
    const logs = createLogs({ clock, onPoint: cloudwatch.put });
    const lambda: LambdaHost = createLambdaHost({
      clock,
      mode: options.fast ? 'fast' : 'threads',
      onLog: logs.write,
      baseEnv: { AWS_ENDPOINT_URL: addresses.aws },
      bundleFolder,
    });
    closers.push(() => lambda.close());
    const dynamodb = await createDynamoDb({ clock, path: at('dynamodb') });
    closers.push(() => dynamodb.close());
    const kms = createKms({ clock, path: at('kms.json') });
    const secretsManager = createSecretsManager({ clock, path: at('secrets.json') });
    const events: Events = createEvents({
      clock,
      folder: at('events'),
      deliver: ({ target, event }) => deliver(lambda, target.Arn, event, warn),
      onDead: ({ target }, { error }) => warn(`an event did not reach ${target.Arn}: ${error.message}`),
    });
    closers.push(() => events.close());
    const states: States = createStates({
      clock,
      store: fileStore(at('executions')),
      invoke: (resource, args) => doTask(lambda, resource, args),
      onStatus: (execution) => void events.publish('default', statusChange(execution)),
    });
    await states.open({ hold: true });
    closers.push(() => states.close());

    const services = { dynamodb, kms, secretsManager, events: events.service, states: states.service, cloudwatch: cloudwatch.service };
    const secrets = { 'people/directory-token': directoryToken, 'keys/litellm-key': litellmKey, 'workspaces/coder-token': coderToken };
    const { aliasOf } = await provision(surfaces, localProfile(addresses, options.issuer), services, lambda, secrets);
    connectStreams(surfaces, dynamodb, lambda, (what, records) => warn(`${what} gave up on ${records.length} stream record(s)`));

    const authorize = createAccess({ surfaces, stage, aliasOf });
    const routes = routesOf(surfaces);
    const settled = () => settle(lambda, events, states, dynamodb);
    const endpoint = createEndpoint({ services: [...Object.values(services), logs.service], lambda, authorize, clock });
    await listen(
      createControl(endpoint, { clock, settled, routes, moved: () => writeDocument(at('clock.json'), { offset_ms: clock.offset() }) }),
      port + 1,
      closers,
    );

    const idp = await createIdp({
      port: port + 2,
      clock,
      directoryToken,
      dataFolder: folder.state,
      partnerSource: partnerBus,
      redirectUris: [`${addresses.gateway}/oauth/callback`],
      emit: (event) => void events.publish(partnerBus, event),
    });
    closers.push(() => idp.close());
    const outside = await createOutside({
      port: port + 3,
      clock,
      dataFolder: folder.state,
      litellm: { masterKey: litellmKey, replicas },
      coder: { token: coderToken },
      people: idp.directory.people().filter(({ status }) => status === 'ACTIVE'),
    });
    closers.push(() => outside.close());
    await listen(createFront({ routes, invoke: (name, event, io) => lambda.invoke(name, event, io), clock }), port, closers);
    events.resume();
    states.resume();
    if (isFresh) await publishSamplePolicy(lambda);
    return { ...addresses, clock, settled, close: () => closeAll(closers, clock) };
  } catch (error) {
    await closeAll(closers, clock);
    throw error;
  }
}

/** Saved data lives in stack time: a restart must not fall back behind it. */
function readOffset(file: string): number {
  const { offset_ms: offset } = existsSync(file) ? (readDocument(file) as { offset_ms?: unknown }) : {};
  return typeof offset === 'number' && offset >= 0 ? offset : 0;
}

function routesOf(surfaces: readonly Surface[]) {
  return surfaces.flatMap(({ capability, routes = [] }) =>
    routes.map(({ method, path, entry }) => ({ method, path, functionName: functionName(stage, capability, entry) })),
  );
}

/** The function's physical name out of its ARN, with or without an alias. */
function functionOf(arn: string): string {
  return arn.split(':function:')[1]?.split(':')[0] ?? arn;
}

/** A rule's target: Lambda takes the event, tries it three times, and says when it gives up. Until then a restart delivers it again. */
async function deliver(
  lambda: LambdaHost,
  arn: string,
  event: unknown,
  warn: (line: string) => void,
): Promise<{ handled: Promise<unknown> }> {
  const name = functionOf(arn);
  if (!lambda.has(name)) throw new AwsError('ResourceNotFoundException', `There is no function ${name}`);
  const { promise: handled, resolve } = Promise.withResolvers<void>();
  lambda.invokeAsync(name, event, {
    onSuccess: resolve,
    onFailure(_event, error) {
      warn(`${name} gave up on an event: ${error.errorType}: ${error.errorMessage}`);
      resolve();
    },
  });
  return { handled };
}

/** The two Task resources that our machines use. */
async function doTask(lambda: LambdaHost, resource: string, args: unknown): Promise<never> {
  const { FunctionName, Payload } = args as { FunctionName?: string; Payload?: unknown };
  if (!resource.startsWith('arn:aws:states:::lambda:invoke') || FunctionName === undefined)
    throw new AwsError('States.Runtime', `The integration ${resource} is not in the embedded stack`);
  const result = await lambda.invoke(functionOf(FunctionName), Payload ?? {});
  if (result.error) throw result.error;
  return { ExecutedVersion: '1', StatusCode: 200, Payload: result.value } as never;
}

function statusChange(execution: {
  executionArn: string;
  stateMachineArn: string;
  name: string;
  status: string;
  startDate: number;
  stopDate?: number | undefined;
}) {
  const { executionArn, stateMachineArn, name, status, startDate, stopDate } = execution;
  return {
    source: 'aws.states',
    'detail-type': 'Step Functions Execution Status Change',
    resources: [executionArn],
    detail: { executionArn, stateMachineArn, name, status, startDate, stopDate: stopDate ?? null },
  };
}

/** Looks twice in a row: what one part finishes may wake another. */
async function settle(lambda: LambdaHost, events: Events, states: States, dynamodb: DynamoDb): Promise<void> {
  for (let quiet = 0; quiet < 2; ) {
    await dynamodb.settled();
    await states.idle();
    const busy = lambda.busy() + events.inFlight() + states.running().working;
    quiet = busy === 0 ? quiet + 1 : 0;
    await new Promise((resolve) => setTimeout(resolve, quiet === 1 ? 0 : 5));
  }
}

async function publishSamplePolicy(lambda: LambdaHost): Promise<void> {
  const payload = { document: samplePolicy, author: 'fresh-start', reason: 'the sample policy of a fresh start', if_version: 0 };
  const result = await lambda.invoke(functionName(stage, 'policy', 'publish-policy'), payload);
  if (result.error) throw new Error(`The sample policy was not published: ${result.error.errorType}: ${result.error.errorMessage}`);
}

async function listen(server: Server, port: number, closers: (() => unknown)[]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host }, resolve);
  });
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
}

async function closeAll(closers: (() => unknown)[], clock: Clock): Promise<void> {
  for (const close of closers.reverse()) await close();
  clock.close();
}
