/** The physical names of what a surface declares: the stacks and the embedded stack both take them from here. */
import type { Capability } from './surface.ts';

export const app = 'gatehouse';
const longestBucketName = 63;

/** Lambda names end at 64 characters. */
export function functionName(stage: string, capability: Capability, entry: string): string {
  return within(64, `${app}-${stage}-${capability}-${entry}`);
}
/** The alias that machines and other functions invoke, so that a running execution keeps its code. */
export const functionAlias = 'live';

export function tableName(stage: string, capability: Capability): string {
  return `${app}-${stage}-${capability}`;
}
export function busName(stage: string): string {
  return `${app}-${stage}`;
}
export function ruleName(stage: string, capability: Capability, rule: string): string {
  return within(64, `${app}-${stage}-${capability}-${rule}`);
}
/** Ends in the machine's own name, e.g. `gatehouse-prod-offboarding`. */
export function machineName(stage: string, machine: string): string {
  return within(80, `${app}-${stage}-${machine}`);
}
/** The alias under which machines are started; unqualified starts are denied. */
export const machineAlias = 'live';

export function alarmName(stage: string, capability: Capability, what: string): string {
  return `${app}-${stage}-${capability}-${what}`;
}
/** Where a capability's undeliverable events go. */
export function deadLettersName(stage: string, capability: Capability): string {
  return within(80, `${app}-${stage}-${capability}-dead-letters`);
}
export function keyAlias(stage: string, capability: Capability, key: string): string {
  return `alias/${app}-${stage}-${capability}-${key}`;
}
export function secretName(stage: string, capability: Capability, secret: string): string {
  return `${app}/${stage}/${capability}/${secret}`;
}
/** Buckets share one name space in all the world: the account and the region are in the name, as a digest where they do not fit. */
export function bucketName(stage: string, capability: Capability, bucket: string, place: { account: string; region: string }): string {
  const own = `${app}-${stage}-${capability}-${bucket}`;
  const whole = `${own}-${place.account}-${place.region}`;
  if (whole.length <= longestBucketName) return whole;
  return within(longestBucketName, `${own}-${digestOf(`${place.account}-${place.region}`)}`);
}

/** `TABLE_ACCESS`, `SECRET_LITELLM_KEY_ARN`, `STEP_ADMIT_PERSON_ARN`, `MACHINE_OFFBOARDING_ARN`, `KEY_SIGNING_ARN`. */
export function tableEnv(capability: Capability): string {
  return `TABLE_${upper(capability)}`;
}
export function secretEnv(secret: string): string {
  return `SECRET_${upper(secret)}_ARN`;
}
export function stepEnv(step: string): string {
  return `STEP_${upper(step)}_ARN`;
}
export function machineEnv(machine: string): string {
  return `MACHINE_${upper(machine)}_ARN`;
}
/** A key is used as `<capability>/<key>`; its variable carries the key's own name. */
export function keyEnv(key: string): string {
  return `KEY_${upper(key.split('/').at(-1) ?? key)}_ARN`;
}

/** `policy/served` -> `BUCKET_SERVED`. */
export function bucketEnv(bucket: string): string {
  return `BUCKET_${upper(bucket.split('/').at(-1) ?? bucket)}`;
}

/** `cut-sessions` -> `CutSessions`, the placeholder in a machine's definition. */
export function placeholder(step: string): string {
  return step.replace(/(^|-)([a-z])/g, (_, _dash, letter: string) => letter.toUpperCase());
}

function upper(name: string): string {
  return name.replaceAll('-', '_').toUpperCase();
}

/** FNV-1a of 64 bits, in hexadecimal: names apart, keeps no secret. */
function digestOf(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0').slice(0, 12);
}

function within(limit: number, name: string): string {
  if (name.length > limit)
    throw new RangeError(`"${name}" has ${name.length} characters; AWS allows ${limit}: shorten the stage or the entry's name`);
  return name;
}
