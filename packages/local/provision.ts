/**
 * Makes what the surfaces declare, through the same AWS operations that anybody may call: tables, keys, secrets, buses, rules, machines
 * and functions. Safe to run again over data that is there. It decides nothing: the surfaces do.
 */
import { environmentOf, type Values } from '@gatehouse/contracts/environment';
import { busName, functionAlias, functionName, machineAlias, machineName, tableName } from '@gatehouse/contracts/names';
import type { Capability, Surface } from '@gatehouse/contracts/surface';
import type { Profile } from '@gatehouse/core/profile';
import type { Scheduler } from './aws/scheduler/scheduler.ts';
import type { AwsService } from './aws/service.ts';
import { physicalBucket } from './buckets.ts';
import type { LambdaHost } from './lambda/contract.ts';
import { stage } from './profile.ts';
import { makeAlarms, makeDeadLetterAlarms } from './provisioning/alarms.ts';
import { arnOf } from './provisioning/call.ts';
import { makeArchive, makeRules, makeSchedules } from './provisioning/events.ts';
import { makeMachines } from './provisioning/machines.ts';
import { aliasOf, makeKeys, makeSecrets, makeTables, type SecretValues } from './provisioning/stores.ts';

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
