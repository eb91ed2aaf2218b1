/** What a profile alone shows, without an account: whether it can be deployed at all. Asks nobody. */
import { environmentOf } from '@gatehouse/contracts/environment';
import { bucketName, busName, functionName, machineName, secretName, tableName } from '@gatehouse/contracts/names';
import { capabilities } from '@gatehouse/contracts/surface';
import type { Profile } from '@gatehouse/core/profile';
import { isExample } from '../profile.ts';
import { surfaces } from '../surfaces.ts';
import { type Finding, ok, wrong } from './finding.ts';

/** Lambda's own limit for all variables of a function together. */
const maxEnvironmentBytes = 4096;

/** @param stage it becomes part of every name. */
export function lookAtProfile(stage: string, profile: Profile): Finding[] {
  return [addresses(stage, profile), names(stage), environments(stage, profile), signIn(profile)];
}

function addresses(stage: string, profile: Profile): Finding {
  return isExample(profile)
    ? wrong('addresses', 'it still names example.com', `write the company's own addresses into stacks/profiles/${stage}.yaml`)
    : overTls(profile);
}

/** A token's signature is worth what the keys are that it is checked with. */
function overTls({ access }: Profile): Finding {
  const plain = access.issuers.map(({ issuer }) => issuer).find((issuer) => issuer.startsWith('http:'));
  return plain !== undefined && !access.allow_loopback_http
    ? wrong('addresses', `the issuer ${plain} would be asked for its keys without TLS`, 'write its https:// address')
    : ok('addresses', 'no example is left');
}

function names(stage: string): Finding {
  // Otherwise what is named after stage "prod" and its capability "access" would pass for something of stage "prod-access".
  const taken = [...capabilities, 'edge'].find((word) => stage === word || stage.endsWith(`-${word}`) || stage.includes(`-${word}-`));
  if (taken) return wrong('names', `"${taken}" in the name of the stage is a capability's own`, 'take another name for the stage');
  try {
    for (const { capability, entries, machines = [], buckets = {} } of surfaces) {
      for (const entry of Object.keys(entries)) functionName(stage, capability, entry);
      for (const { name } of machines) machineName(stage, name);
      for (const name of Object.keys(buckets)) bucketName(stage, capability, name, { account: '000000000000', region: 'ap-southeast-99' });
    }
    return ok('names', 'every name fits into its limit');
  } catch (error) {
    return wrong('names', error instanceof Error ? error.message : String(error), 'take a shorter name for the stage');
  }
}

/** The largest environment, with ARNs as long as they get. */
function environments(stage: string, profile: Profile): Finding {
  const sizes = surfaces.flatMap((surface) =>
    Object.entries(surface.entries).map(([name, entry]) => ({
      name: `${surface.capability}/${name}`,
      bytes: bytesOf(environmentOf(surface, entry, valuesOf(stage, profile))),
    })),
  );
  const largest = sizes.reduce((a, b) => (b.bytes > a.bytes ? b : a));
  return largest.bytes > maxEnvironmentBytes
    ? wrong(
        'size',
        `the variables of ${largest.name} have ${largest.bytes} bytes; Lambda takes ${maxEnvironmentBytes}`,
        'shorten the lists of that capability in the profile: fewer issuers, services or replicas',
      )
    : ok('size', `the largest function environment has ${largest.bytes} of ${maxEnvironmentBytes} bytes`);
}

function bytesOf(variables: Readonly<Record<string, string>>): number {
  return Object.entries(variables).reduce((bytes, [name, value]) => bytes + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
}

function valuesOf(stage: string, profile: Profile) {
  const parts: Readonly<Record<string, unknown>> = profile;
  const arn = (service: string, rest: string) => `arn:aws:${service}:${profile.region}:000000000000:${rest}`;
  return {
    config: (capability: string) => JSON.stringify(parts[capability] ?? {}),
    publicUrl: () =>
      profile.public_url ?? `https://${profile.domain?.name ?? `abcdefghij.execute-api.${profile.region}.amazonaws.com/${stage}`}`,
    table: (capability: Parameters<typeof tableName>[1]) => tableName(stage, capability),
    key: () => arn('kms', 'key/00000000-0000-0000-0000-000000000000'),
    secret: (capability: Parameters<typeof secretName>[1], secret: string) =>
      `${arn('secretsmanager', `secret:${secretName(stage, capability, secret)}`)}-aaaaaa`,
    bucket: (bucket: string) => `${bucket}-000000000000-${profile.region}`,
    step: (step: string) => arn('lambda', `function:gatehouse-${stage}-capability-${step}:live`),
    machine: (machine: string) => arn('states', `stateMachine:${machineName(stage, machine)}:live`),
    bus: () => busName(stage),
  };
}

function signIn({ domain, public_url }: Profile): Finding {
  return domain || public_url
    ? ok('sign-in', 'the gateway has a name of its own')
    : ok('sign-in', 'there is no domain: everything works but signing in from the CLI, which cannot find a gateway below a path');
}
