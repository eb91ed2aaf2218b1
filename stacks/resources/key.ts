/** KMS keys by `<capability>/<key>`, each with the alias that the contracts name. Who may use one is said by the entries that do. */
import { keyAlias } from '@gatehouse/contracts/names';
import type { Capability, Key } from '@gatehouse/contracts/surface';
import { keep, keepData, pascal, stage } from '../stage.ts';
import { surfaces } from '../surfaces.ts';

const keys = new Map<string, aws.kms.Key>();

export function keyOf(capability: Capability, name: string, { spec, usage }: Key): void {
  const logical = pascal(capability, name, 'key');
  const key = new aws.kms.Key(
    logical,
    {
      description: keyAlias(stage, capability, name).replace('alias/', ''),
      customerMasterKeySpec: spec,
      keyUsage: usage,
      enableKeyRotation: spec === 'SYMMETRIC_DEFAULT',
      // A key that waits for its deletion costs nothing; the days are for whoever deletes one by mistake.
      deletionWindowInDays: keepData ? 30 : 7,
    },
    keep,
  );
  new aws.kms.Alias(`${logical}Alias`, { name: keyAlias(stage, capability, name), targetKeyId: key.keyId });
  keys.set(`${capability}/${name}`, key);
}

/** `key` as an entry writes it: `<capability>/<key>`. Empty for one that this stage's profile does not use. */
export function keyArn(key: string): $util.Input<string> {
  const found = keys.get(key);
  if (found) return found.arn;
  const [capability, name = ''] = key.split('/');
  const declared = surfaces.find((surface) => surface.capability === capability)?.keys?.[name];
  if (!declared?.where) throw new Error(`No surface declares the key "${key}", or its stack comes later in sst.config.ts`);
  return '';
}
