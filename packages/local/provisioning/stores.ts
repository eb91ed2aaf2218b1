/** Makes what keeps things: tables, keys and secrets. What is there stays as it is. */
import { randomBytes } from 'node:crypto';
import { keyAlias, secretName, tableName } from '@gatehouse/contracts/names';
import type { Capability, Surface } from '@gatehouse/contracts/surface';
import type { AwsService } from '../aws/service.ts';
import { capabilityTable } from '../capability-table.ts';
import { stage } from '../profile.ts';
import { call, look } from './call.ts';

/** What operators put into secrets, by `<capability>/<secret>`. */
export type SecretValues = Readonly<Record<string, string>>;

export async function makeTables(surfaces: readonly Surface[], dynamodb: AwsService): Promise<void> {
  for (const { capability, table } of surfaces) {
    const TableName = tableName(stage, capability);
    if (!table || (await look(dynamodb, 'DescribeTable', { TableName }, /ResourceNotFound/))) continue;
    await call(dynamodb, 'CreateTable', capabilityTable(TableName));
    await call(dynamodb, 'UpdateTimeToLive', { TableName, TimeToLiveSpecification: { Enabled: true, AttributeName: 'expires_at' } });
  }
}

/** `access/signing` -> its alias. */
export function aliasOf(key: string): string {
  const [capability = '', name = ''] = key.split('/');
  return keyAlias(stage, capability as Capability, name);
}

export async function makeKeys(surfaces: readonly Surface[], kms: AwsService): Promise<Map<string, string>> {
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

export async function makeSecrets(surfaces: readonly Surface[], manager: AwsService, values: SecretValues): Promise<Map<string, string>> {
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
