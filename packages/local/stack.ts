/**
 * The embedded stack: one process, four loopback ports, the deployed files. It puts the parts together and lets go of them again;
 * what runs in it is said by the surfaces.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { functionName, secretName } from '@gatehouse/contracts/names';
import type { Capability, Surface } from '@gatehouse/contracts/surface';
import { isPushed, pushThrottle, usualThrottle } from '@gatehouse/contracts/throttle';
import { samplePolicy } from '@gatehouse/rules/sample';
import { createAccess } from './aws/access.ts';
import type { AlarmAction } from './aws/cloudwatch/alarms.ts';
import { createCloudWatch } from './aws/cloudwatch/cloudwatch.ts';
import { createDynamoDb, type DynamoDb } from './aws/dynamodb/dynamodb.ts';
import { createEndpoint } from './aws/endpoint.ts';
import { createEvents, type Events } from './aws/events/events.ts';
import { createAwsFaults } from './aws/faults.ts';
import { createKms } from './aws/kms.ts';
import { createLogs, type Logs } from './aws/logs.ts';
import { depthMetrics } from './aws/messages/depth-metrics.ts';
import { createMessages, type Messages } from './aws/messages/messages.ts';
import { createParameters } from './aws/parameters.ts';
import { createScheduler } from './aws/scheduler/scheduler.ts';
import { createSecretsManager } from './aws/secrets-manager.ts';
import { AwsError, type AwsService } from './aws/service.ts';
import { createStates, type States } from './aws/states/states.ts';
import { fileStore } from './aws/states/store.file.ts';
import { createStorage, type Storage } from './aws/storage/storage.ts';
import { createSts } from './aws/sts.ts';
import { startExecution, trailed } from './aws/trail.ts';
import { declaredBuckets } from './buckets.ts';
import { type Clock, createClock } from './clock.ts';
import { createControl } from './control.ts';
import { openDataFolder } from './data-folder.ts';
import { createDeadLetters, deadLetterQueues } from './dead-letters.ts';
import { readDocument, writeDocument } from './durable-file.ts';
import { createFront } from './front/front.ts';
import { createFunctions, type Functions } from './functions.ts';
import { auth0Bus } from './idp/auth0.ts';
import { createAwsDirectories } from './idp/aws-directories.ts';
import { createIdp } from './idp/create-idp.ts';
import { newKeyFile } from './idp/google.ts';
import type { LambdaHost } from './lambda/contract.ts';
import { describeFunctions } from './lambda/describe-api.ts';
import { createLambdaHost } from './lambda/host.ts';
import { installStackDate } from './lambda/stack-date.ts';
import type { Options } from './options.ts';
import { localModelKeys } from './outside/anthropic/doors.ts';
import { pagerdutyKey, slackPath } from './outside/chat/create-chat.ts';
import { createOutside } from './outside/create-outside.ts';
import { createPlatform } from './platform.ts';
import { fourPorts, host } from './ports.ts';
import { type Addresses, addressesOf, localProfile, partnerBus, replicas, stage } from './profile.ts';
import { provision } from './provision.ts';
import { connectStreams } from './streams.ts';
import { loadSurfaces } from './surfaces.ts';
import { createTargets, functionOf, type Targets } from './targets.ts';

export interface RunningStack extends Addresses {
  clock: Clock;
  /** Resolves when nothing is in flight (what waits for the clock or a token is not), or when nobody waits for it any more. */
  settled(nobodyWaits?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Secrets of the embedded company: they open nothing outside of this process. */
const directoryToken = 'local-directory-token';
const litellmKey = 'sk-local-litellm-master';
const coderToken = 'local-coder-token';
const anthropicAdminKey = 'sk-ant-admin01-local';

/** Made from the sources, and gone with the libraries that went in. */
const bundleFolder = fileURLToPath(new URL('../../node_modules/.cache/gatehouse', import.meta.url));

/** `begin` is told what is being done, for people who wait. */
export async function runStack(
  options: Options,
  warn: (line: string) => void,
  begin: (doing: string) => void = () => {},
): Promise<RunningStack> {
  begin('Looking for four free ports');
  const port = await fourPorts(options.port);
  const folder = openDataFolder(options.data, { fresh: options.fresh });
  const at = (name: string) => join(folder.state, name);
  const isFresh = !existsSync(at('dynamodb'));
  const clock = createClock(undefined, readOffset(at('clock.json')));
  installStackDate(() => clock.now());
  const addresses = addressesOf(port);
  const closers: (() => unknown)[] = [() => folder.release()];
  try {
    begin('Reading what there is to run');
    const googleKey = newKeyFile();
    const surfaces = await loadSurfaces();
    const messages: Messages = createMessages({
      clock,
      origin: addresses.aws,
      path: at('messages'),
      queues: deadLetterQueues(surfaces),
      invoke: (arn, event) => targets.call(arn, event),
    });
    closers.push(() => messages.close());
    const storage: Storage = createStorage({ clock, path: at('objects'), buckets: declaredBuckets(surfaces, stage) });
    closers.push(() => storage.close());
    const deadLetters = createDeadLetters({ surfaces, messages, clock, warn });
    const cloudwatch = createCloudWatch({
      clock,
      onAlarm: (event) => void events.publish('default', event),
      onAction: (action) => tellTopic(messages, action),
      beforeLook: depthMetrics(messages, (point) => cloudwatch.put(point)),
    });
    closers.push(() => cloudwatch.close());
    const logs = createLogs({
      clock,
      onPoint: cloudwatch.put,
      deliver: (arn, event) => lambda.invokeAsync(functionOf(arn), event),
    });
    const lambdaHost: LambdaHost = createLambdaHost({
      clock,
      mode: options.fast ? 'fast' : 'threads',
      onLog: logs.write,
      baseEnv: { AWS_ENDPOINT_URL: addresses.aws },
      bundleFolder,
    });
    closers.push(() => lambdaHost.close());
    begin('Opening tables');
    const dynamodb = await createDynamoDb({ clock, path: at('dynamodb'), putObject: storage.put });
    closers.push(() => dynamodb.close());
    const faults = createAwsFaults(clock, dynamodb.call);
    closers.push(() => faults.clear());
    const lambda: Functions = createFunctions(lambdaHost, { faults, clock, onGaveUp: deadLetters.gaveUp });
    const kms = createKms({ clock, path: at('kms.json') });
    const secretsManager = createSecretsManager({ clock, path: at('secrets.json') });
    const parameters = createParameters({ clock, path: at('parameters.json') });
    const sts = createSts(lambdaHost.has);
    const events: Events = createEvents({
      clock,
      folder: at('events'),
      deliver: (delivery) => targets.deliver(delivery),
      onDead: deadLetters.undelivered,
    });
    closers.push(() => events.close());
    const states: States = createStates({
      clock,
      store: fileStore(at('executions')),
      invoke: (resource, args, { context }) => doTask(lambda, resource, args, context),
      onStatus: (execution) => void events.publish('default', statusChange(execution)),
    });
    begin('Reading executions');
    await states.open({ hold: true });
    closers.push(() => states.close());

    const targets: Targets = createTargets({ lambda, messages, states: states.service, deadLetters, events: () => events });
    const scheduler = createScheduler({ clock, path: at('schedules.json'), fire: targets.fire });
    closers.push(() => scheduler.close());

    const profile = localProfile(addresses, options);
    const awsDirectories = createAwsDirectories();
    const trailedStates = trailed(states.service, {
      service: 'states',
      calls: { StartExecution: startExecution },
      isFunction: lambdaHost.has,
      now: () => clock.now(),
      emit: (event) => void events.publish('default', event),
    });
    const services = { dynamodb, kms, secretsManager, events: events.service, states: trailedStates, cloudwatch: cloudwatch.service };
    const secrets = {
      'access/entra-graph': randomUUID(),
      'people/graph-client': randomUUID(),
      'people/auth0-client': randomUUID(),
      'people/google-account': await googleKey,
      'people/directory-token': directoryToken,
      'operations/slack-webhook': `${addresses.outside}/slack${slackPath}`,
      'operations/pagerduty-key': pagerdutyKey,
      'keys/litellm-key': litellmKey,
      'keys/anthropic-admin-key': anthropicAdminKey,
      'usage/anthropic-report-key': anthropicAdminKey,
      'workspaces/coder-token': coderToken,
      'inference/anthropic-key': localModelKeys.anthropic,
      'inference/anthropic-aws-key': localModelKeys.awsExternalAnthropic,
    };
    begin('Making tables, keys, secrets, rules, machines and functions');
    const { aliasOf } = await provision(surfaces, profile, { ...services, scheduler }, lambdaHost, secrets);
    connectStreams(surfaces, dynamodb, lambda, deadLetters.skipped);

    const platform = createPlatform({
      clock,
      workspaces: profile.workspaces,
      workloads: () => outside.workloads(),
      publish: (event) => void events.publish('default', event as Parameters<Events['publish']>[1]),
      at,
    });
    closers.push(() => platform.close());

    const authorize = createAccess({ surfaces, stage, workspaces: profile.workspaces, aliasOf });
    const routes = routesOf(surfaces);
    const settled = (nobodyWaits?: AbortSignal) => settle({ lambda, events, states, dynamodb, messages, storage, logs }, nobodyWaits);
    const endpoint = createEndpoint({
      services: [...Object.values(services), parameters, logs.service, ...awsDirectories.services, ...platform.services],
      whole: [
        ...messages.services,
        storage.service,
        scheduler.service,
        sts,
        ...platform.whole,
        describeFunctions(surfaces, lambdaHost.functions),
      ],
      lambda,
      authorize,
      faults,
      clock,
    });
    await listen(
      createControl(endpoint, {
        clock,
        settled,
        routes,
        faults,
        putPlatformMetrics: cloudwatch.putPlatformMetrics,
        publishEvent: (bus, event) => void events.publish(bus, event),
        moved: () => writeDocument(at('clock.json'), { offset_ms: clock.offset() }),
      }),
      port + 1,
      closers,
    );

    begin('Starting the identity provider and the outside systems');
    const idp = await createIdp({
      port: port + 2,
      clock,
      directoryToken,
      rateMultiplier: options.vendorLimits,
      dataFolder: folder.state,
      partnerSource: partnerBus,
      redirectUris: [`${addresses.gateway}/oauth/callback`],
      emit: (event) => void events.publish(partnerBus, event),
      emitTrail: (event) => void events.publish('default', event),
      entraSecret: () => secretOf(secretsManager, 'people', 'graph-client'),
      auth0Source: auth0Bus,
      emitAuth0: (event) => void events.publish(auth0Bus, event),
      auth0Secret: () => secretOf(secretsManager, 'people', 'auth0-client'),
      googleKeyFile: () => secretOf(secretsManager, 'people', 'google-account'),
    });
    awsDirectories.show(idp.directory);
    closers.push(() => idp.close());
    const outside = await createOutside({
      port: port + 3,
      clock,
      dataFolder: folder.state,
      litellm: { masterKey: litellmKey, replicas },
      coder: { token: coderToken, runs: platform.runs, rateMultiplier: options.vendorLimits },
      anthropic: { adminKey: anthropicAdminKey, rateMultiplier: options.vendorLimits },
      people: idp.directory.people().filter(({ status }) => status === 'ACTIVE'),
    });
    closers.push(() => outside.close());
    await listen(createFront({ routes, invoke: (name, event, io) => lambda.invoke(name, event, io), clock }), port, closers);
    events.resume();
    states.resume();
    scheduler.start();
    messages.resume().catch((error: unknown) => warn(`what the queues held could not be read: ${String(error)}`));
    if (isFresh) {
      begin('Publishing the sample policy');
      await publishSamplePolicy(lambda);
    }
    return { ...addresses, clock, settled, close: () => closeAll(closers, clock) };
  } catch (error) {
    await closeAll(closers, clock);
    throw error;
  }
}

/** What is in a secret now: an operator may have put another value in. */
async function secretOf(manager: AwsService, capability: Capability, name: string): Promise<string> {
  const found = await manager.operations.GetSecretValue?.(
    { SecretId: secretName(stage, capability, name) },
    { caller: 'stack', requestId: 'stack' },
  );
  return String((found as { SecretString?: unknown }).SecretString);
}

/** Saved data lives in stack time: a restart must not fall back behind it. */
function readOffset(file: string): number {
  const { offset_ms: offset } = existsSync(file) ? (readDocument(file) as { offset_ms?: unknown }) : {};
  return typeof offset === 'number' && offset >= 0 ? offset : 0;
}

function routesOf(surfaces: readonly Surface[]) {
  return surfaces.flatMap(({ capability, routes = [] }) =>
    routes.map(({ method, path, entry, admit, stream = false }) => ({
      method,
      path,
      stream,
      throttle: isPushed({ admit }) ? pushThrottle() : usualThrottle,
      functionName: functionName(stage, capability, entry),
    })),
  );
}

/** Alarms act on topics; anything else the alarm's history tells as failed. */
async function tellTopic(messages: Messages, { arn, subject, message }: AlarmAction): Promise<void> {
  if (!arn.startsWith('arn:aws:sns:')) throw new AwsError('ValidationError', `The alarm action ${arn} is not in the embedded stack`);
  await messages.publish(arn, { subject, message });
}

/** The two Task resources that our machines use. */
async function doTask(lambda: Functions, resource: string, args: unknown, context: unknown): Promise<never> {
  const { State } = context as { State?: { Name?: string } };
  const { FunctionName, Payload } = args as { FunctionName?: string; Payload?: unknown };
  if (!resource.startsWith('arn:aws:states:::lambda:invoke') || FunctionName === undefined)
    throw new AwsError('States.Runtime', `The integration ${resource} is not in the embedded stack`);
  const result = await lambda.invoke(functionOf(FunctionName), Payload ?? {}, undefined, State?.Name);
  // Lambda's own refusals are exceptions of its API, which a machine knows as Lambda.TooManyRequestsException and the like.
  if (result.error && result.refused === 'throttled')
    throw new AwsError(result.error.errorType, result.error.errorMessage, { status: 429 });
  if (result.error) throw result.error;
  return { ExecutedVersion: '1', StatusCode: 200, Payload: result.value } as never;
}

function statusChange(execution: {
  executionArn: string;
  stateMachineArn: string;
  name: string;
  status: string;
  input: string;
  startDate: number;
  stopDate?: number | undefined;
}) {
  const { executionArn, stateMachineArn, name, status, input, startDate, stopDate } = execution;
  return {
    source: 'aws.states',
    'detail-type': 'Step Functions Execution Status Change',
    resources: [executionArn],
    detail: { executionArn, stateMachineArn, name, status, startDate, stopDate: stopDate ?? null, input, inputDetails: { included: true } },
  };
}

interface Parts {
  lambda: Functions;
  events: Events;
  states: States;
  dynamodb: DynamoDb;
  messages: Messages;
  storage: Storage;
  logs: Logs;
}

/** Looks twice in a row: what one part finishes may wake another. */
async function settle({ lambda, events, states, dynamodb, messages, storage, logs }: Parts, nobodyWaits?: AbortSignal): Promise<void> {
  for (let quiet = 0; quiet < 2 && !nobodyWaits?.aborted; ) {
    await dynamodb.settled();
    await states.idle();
    const busy = lambda.busy() + events.inFlight() + states.running().working + messages.inFlight() + storage.inFlight() + logs.waiting();
    quiet = busy === 0 ? quiet + 1 : 0;
    await new Promise((resolve) => setTimeout(resolve, quiet === 1 ? 0 : 5));
  }
}

async function publishSamplePolicy(lambda: Functions): Promise<void> {
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
