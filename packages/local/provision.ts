/**
 * Makes what the surfaces declare, through the same AWS operations that anybody may call: tables, keys, secrets, buses, rules, machines
 * and functions. Safe to run again over data that is there. It decides nothing: the surfaces do.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { environmentOf, type Values } from '@gatehouse/contracts/environment';
import { alarmsOf, describe, patternIn } from '@gatehouse/contracts/in-stage';
import {
  alarmName,
  app,
  busName,
  deadLettersName,
  functionAlias,
  functionName,
  keyAlias,
  machineAlias,
  machineName,
  placeholder,
  ruleName,
  secretName,
  tableName,
} from '@gatehouse/contracts/names';
import type { Bus, Capability, Surface } from '@gatehouse/contracts/surface';
import type { Profile } from '@gatehouse/core/profile';
import type { Scheduler } from './aws/scheduler/scheduler.ts';
import { AwsError, type AwsService, account, region } from './aws/service.ts';
import { physicalBucket } from './buckets.ts';
import { deadLetterArn, hasDeadLetters } from './dead-letters.ts';
import type { LambdaHost } from './lambda/contract.ts';
import { partnerBus, stage } from './profile.ts';

export interface Services {
  dynamodb: AwsService;
  kms: AwsService;
  secretsManager: AwsService;
  events: AwsService;
  states: AwsService;
  cloudwatch: AwsService;
  scheduler: Pick<Scheduler, 'ensure'>;
}

/** The ARNs behind the names in surfaces. */
interface Arns {
  key(key: string): string;
  secret(capability: string, secret: string): string;
  step(step: string): string;
  machine(machine: string): string;
  bus: string;
}

export interface Provisioned {
  /** `alias/...` of a key's ARN. */
  aliasOf(keyArn: string): string | undefined;
}

const root = new URL('../../', import.meta.url);
const arnOf = (service: string, rest: string) => `arn:aws:${service}:${region}:${account}:${rest}`;

/** What operators put into secrets, by `<capability>/<secret>`. */
export type SecretValues = Readonly<Record<string, string>>;

export async function provision(
  surfaces: readonly Surface[],
  profile: Profile,
  services: Services,
  lambda: LambdaHost,
  secrets: SecretValues,
): Promise<Provisioned> {
  await makeTables(surfaces, services.dynamodb);
  const keyArns = await makeKeys(surfaces, services.kms);
  const secretArns = await makeSecrets(surfaces, services.secretsManager, secrets);
  const owners = ownersOf(surfaces);
  const arns: Arns = {
    key: (key) => found(keyArns, key, 'key'),
    secret: (capability, secret) => found(secretArns, `${capability}/${secret}`, 'secret'),
    step: (step) => found(owners, step, 'step'),
    machine: (machine) => arnOf('states', `stateMachine:${machineName(stage, machine)}`),
    bus: busName(stage),
  };
  registerFunctions(surfaces, profile, lambda, arns);
  await makeMachines(surfaces, services.states, owners);
  await makeRules(surfaces, services.events);
  await makeArchive(services.events);
  makeSchedules(surfaces, services.scheduler);
  await makeAlarms(surfaces, profile, services.cloudwatch);
  await makeDeadLetterAlarms(surfaces, services.cloudwatch);
  const aliases = new Map([...keyArns].map(([key, arn]) => [arn, aliasOf(key)]));
  return { aliasOf: (arn) => aliases.get(arn) };
}

function found(map: ReadonlyMap<string, string>, name: string, what: string): string {
  const value = map.get(name);
  if (value === undefined) throw new Error(`No surface has the ${what} "${name}"`);
  return value;
}

/** Calls an operation as AWS itself would be called, without the HTTP around it. */
// biome-ignore lint/suspicious/noExplicitAny: the answers of many operations; each use reads one member.
async function call(service: AwsService, operation: string, input: object): Promise<any> {
  const run = service.operations[operation];
  if (!run) throw new Error(`${operation} is not in the embedded stack`);
  return run(input, { caller: 'stack', requestId: 'stack' });
}

/** Undefined when the thing is not there. */
async function look(service: AwsService, operation: string, input: object, missing: RegExp): Promise<ReturnType<typeof call> | undefined> {
  try {
    return await call(service, operation, input);
  } catch (error) {
    if (error instanceof AwsError && missing.test(error.type)) return undefined;
    throw error;
  }
}

async function makeTables(surfaces: readonly Surface[], dynamodb: AwsService): Promise<void> {
  for (const { capability, table } of surfaces) {
    const TableName = tableName(stage, capability);
    if (!table || (await look(dynamodb, 'DescribeTable', { TableName }, /ResourceNotFound/))) continue;
    const key = (hash: string, range: string) => [
      { AttributeName: hash, KeyType: 'HASH' },
      { AttributeName: range, KeyType: 'RANGE' },
    ];
    await call(dynamodb, 'CreateTable', {
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['pk', 'sk', 'gsi1pk', 'gsi1sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: key('pk', 'sk'),
      GlobalSecondaryIndexes: [{ IndexName: 'gsi1', KeySchema: key('gsi1pk', 'gsi1sk'), Projection: { ProjectionType: 'ALL' } }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    });
    await call(dynamodb, 'UpdateTimeToLive', { TableName, TimeToLiveSpecification: { Enabled: true, AttributeName: 'expires_at' } });
  }
}

/** `access/signing` -> its alias. */
function aliasOf(key: string): string {
  const [capability = '', name = ''] = key.split('/');
  return keyAlias(stage, capability as Capability, name);
}

async function makeKeys(surfaces: readonly Surface[], kms: AwsService): Promise<Map<string, string>> {
  const made = new Map<string, string>();
  for (const { capability, keys = {} } of surfaces) {
    for (const [name, { spec, usage }] of Object.entries(keys)) {
      const AliasName = aliasOf(`${capability}/${name}`);
      let known = await look(kms, 'DescribeKey', { KeyId: AliasName }, /NotFound/);
      if (!known) {
        known = await call(kms, 'CreateKey', { KeySpec: spec, KeyUsage: usage, Description: `${capability} ${name}` });
        await call(kms, 'CreateAlias', { AliasName, TargetKeyId: known.KeyMetadata.KeyId });
      }
      made.set(`${capability}/${name}`, String(known.KeyMetadata.Arn));
    }
  }
  return made;
}

async function makeSecrets(surfaces: readonly Surface[], manager: AwsService, values: SecretValues): Promise<Map<string, string>> {
  const made = new Map<string, string>();
  for (const { capability, secrets = {} } of surfaces) {
    for (const [secret, { description, generated }] of Object.entries(secrets)) {
      const Name = secretName(stage, capability, secret);
      const value = generated ? randomBytes(32).toString('base64url') : values[`${capability}/${secret}`];
      if (value === undefined) throw new Error(`The embedded stack has no value for the secret ${capability}/${secret}`);
      const known =
        (await look(manager, 'DescribeSecret', { SecretId: Name }, /ResourceNotFound/)) ??
        (await call(manager, 'CreateSecret', { Name, Description: description, SecretString: value }));
      made.set(`${capability}/${secret}`, String(known.ARN));
    }
  }
  return made;
}

/** Step -> ARN of the alias of the function that does it. */
function ownersOf(surfaces: readonly Surface[]): Map<string, string> {
  const owners = new Map<string, string>();
  for (const { capability, steps = {} } of surfaces)
    for (const [step, entry] of Object.entries(steps)) {
      if (owners.has(step)) throw new Error(`The step "${step}" has two owners`);
      owners.set(step, arnOf('lambda', `function:${functionName(stage, capability, entry)}:${functionAlias}`));
    }
  return owners;
}

function registerFunctions(surfaces: readonly Surface[], profile: Profile, lambda: LambdaHost, arns: Arns): void {
  const parts: Readonly<Record<string, unknown>> = profile;
  const values: Values<string> = {
    config: (capability) => JSON.stringify(parts[capability] ?? {}),
    publicUrl: () => profile.public_url ?? '',
    table: (capability: Capability) => tableName(stage, capability),
    key: arns.key,
    secret: arns.secret,
    bucket: (bucket) => physicalBucket(stage, bucket),
    step: arns.step,
    machine: (machine) => `${arns.machine(machine)}:${machineAlias}`,
    bus: () => arns.bus,
  };
  for (const surface of surfaces)
    for (const [name, entry] of Object.entries(surface.entries))
      lambda.register({
        name: functionName(stage, surface.capability, name),
        handler: entry.handler,
        timeoutSeconds: entry.timeoutSeconds,
        memoryMb: entry.memoryMb,
        env: environmentOf(surface, entry, values),
      });
}

async function makeMachines(surfaces: readonly Surface[], states: AwsService, owners: ReadonlyMap<string, string>): Promise<void> {
  for (const { machines = [] } of surfaces) {
    for (const { name, definition, steps } of machines) {
      const text = fillPlaceholders(await readFile(new URL(definition, root), 'utf8'), steps, owners, definition);
      const machine = machineName(stage, name);
      const stateMachineArn = arnOf('states', `stateMachine:${machine}`);
      const roleArn = `arn:aws:iam::${account}:role/${machine}`;
      const known = await look(states, 'DescribeStateMachine', { stateMachineArn }, /DoesNotExist/);
      if (known && sameJson(String(known.definition), text)) continue;
      const made = known
        ? await call(states, 'UpdateStateMachine', { stateMachineArn, definition: text, publish: true })
        : await call(states, 'CreateStateMachine', { name: machine, type: 'STANDARD', definition: text, roleArn, publish: true });
      const routingConfiguration = [{ stateMachineVersionArn: made.stateMachineVersionArn, weight: 100 }];
      const alias = { stateMachineAliasArn: `${stateMachineArn}:${machineAlias}` };
      if (await look(states, 'DescribeStateMachineAlias', alias, /ResourceNotFound|DoesNotExist/))
        await call(states, 'UpdateStateMachineAlias', { ...alias, routingConfiguration });
      else await call(states, 'CreateStateMachineAlias', { name: machineAlias, routingConfiguration });
    }
  }
}

/** Every placeholder is filled and every step is used, or the machine is not made. */
export function fillPlaceholders(text: string, steps: readonly string[], owners: ReadonlyMap<string, string>, file: string): string {
  const unused = new Set(steps);
  const filled = text.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const step = steps.find((one) => placeholder(one) === name);
    const arn = step && owners.get(step);
    if (!step || !arn) throw new Error(`${file}: \${${name}} is no step of the machine, or nobody does it`);
    unused.delete(step);
    return arn;
  });
  if (unused.size > 0)
    throw new Error(`${file} never uses ${[...unused].join(', ')}: take them out of the surface or put them into the machine`);
  return filled;
}

function sameJson(a: string, b: string): boolean {
  return JSON.stringify(JSON.parse(a)) === JSON.stringify(JSON.parse(b));
}

function busOf(bus: Bus): string {
  switch (bus) {
    case 'default':
      return 'default';
    case 'product':
      return busName(stage);
    case 'okta':
      return partnerBus;
    case 'auth0':
      return partnerBus.replace('okta.com', 'auth0.com');
  }
}

async function makeRules(surfaces: readonly Surface[], events: AwsService): Promise<void> {
  const rules = surfaces.flatMap((surface) => (surface.rules ?? []).map((rule) => ({ surface, rule })));
  const buses = new Set([busName(stage), partnerBus, ...rules.map(({ rule }) => busOf(rule.bus))]);
  buses.delete('default');
  for (const Name of buses)
    if (!(await look(events, 'DescribeEventBus', { Name }, /ResourceNotFound/)))
      await call(events, 'CreateEventBus', { Name, ...(Name.startsWith('aws.partner/') && { EventSourceName: Name }) });
  for (const { surface, rule } of rules) {
    const EventBusName = busOf(rule.bus);
    const Rule = ruleName(stage, surface.capability, rule.name);
    await call(events, 'PutRule', {
      Name: Rule,
      EventBusName,
      EventPattern: JSON.stringify(patternIn(stage, rule.pattern)),
      State: 'ENABLED',
    });
    const Arn = arnOf('lambda', `function:${functionName(stage, surface.capability, rule.entry)}:${functionAlias}`);
    await call(events, 'PutTargets', {
      Rule,
      EventBusName,
      Targets: [
        {
          Id: rule.entry,
          Arn,
          RetryPolicy: { MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 24 * 3600 },
          DeadLetterConfig: { Arn: deadLetterArn(surface) },
        },
      ],
    });
  }
}

/** Facts of the last 30 days, to be replayed after an outage. */
async function makeArchive(events: AwsService): Promise<void> {
  const ArchiveName = `${app}-${stage}-facts`;
  if (await look(events, 'DescribeArchive', { ArchiveName }, /ResourceNotFound/)) return;
  await call(events, 'CreateArchive', { ArchiveName, EventSourceArn: arnOf('events', `event-bus/${busName(stage)}`), RetentionDays: 30 });
}

function makeSchedules(surfaces: readonly Surface[], scheduler: Pick<Scheduler, 'ensure'>): void {
  for (const surface of surfaces)
    for (const { name, expression, entry } of surface.schedules ?? []) {
      const Name = ruleName(stage, surface.capability, name);
      scheduler.ensure(Name, {
        ScheduleExpression: expression,
        ScheduleExpressionTimezone: 'UTC',
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: {
          Arn: arnOf('lambda', `function:${functionName(stage, surface.capability, entry)}:${functionAlias}`),
          RoleArn: `arn:aws:iam::${account}:role/${Name}`,
          DeadLetterConfig: { Arn: deadLetterArn(surface) },
          RetryPolicy: { MaximumRetryAttempts: 10, MaximumEventAgeInSeconds: 3600 },
        },
      });
    }
}

/** The alarm that each dead-letter queue has besides those that its surface declares. */
async function makeDeadLetterAlarms(surfaces: readonly Surface[], cloudwatch: AwsService): Promise<void> {
  for (const { capability } of surfaces.filter(hasDeadLetters))
    await call(cloudwatch, 'PutMetricAlarm', {
      AlarmName: alarmName(stage, capability, 'dead-letters'),
      AlarmDescription: describe(
        `An event for ${capability} could not be handled. Read its dead-letter queue, mend the cause, redrive.`,
        'notify',
        'dead-letters',
      ),
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Dimensions: [{ Name: 'QueueName', Value: deadLettersName(stage, capability) }],
      Statistic: 'Maximum',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'notBreaching',
    });
}

async function makeAlarms(surfaces: readonly Surface[], profile: Profile, cloudwatch: AwsService): Promise<void> {
  for (const { capability, alarms = [] } of surfaces)
    for (const alarm of alarms.flatMap((one) => alarmsOf(capability, one, (profile as Readonly<Record<string, unknown>>)[capability])))
      await call(cloudwatch, 'PutMetricAlarm', {
        AlarmName: alarmName(stage, capability, alarm.name),
        AlarmDescription: alarm.description,
        Namespace: alarm.namespace,
        MetricName: alarm.metric,
        Dimensions: Object.entries(alarm.dimensions ?? {}).map(([Name, Value]) => ({ Name, Value })),
        Statistic: alarm.statistic,
        Period: alarm.periodSeconds,
        EvaluationPeriods: alarm.evaluationPeriods,
        ...(alarm.datapointsToAlarm !== undefined && { DatapointsToAlarm: alarm.datapointsToAlarm }),
        Threshold: alarm.threshold,
        ComparisonOperator: alarm.comparison,
        TreatMissingData: alarm.missingData,
      });
}
