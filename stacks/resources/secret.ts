/** Secrets of a capability: generated once here, or left empty for the operator to fill in. No value is ever in the repository. */
import { secretName } from '@gatehouse/contracts/names';
import type { Capability, Secret, Surface } from '@gatehouse/contracts/surface';
import { keep, keepData, pascal, stage } from '../stage.ts';

const secrets = new Map<string, aws.secretsmanager.Secret>();

export function secretOf(capability: Capability, name: string, { description, generated }: Secret): void {
  const logical = pascal(capability, name, 'secret');
  const secret = new aws.secretsmanager.Secret(
    logical,
    // Without a window of recovery, a stage that was removed can be deployed again at once.
    { name: secretName(stage, capability, name), description, recoveryWindowInDays: keepData ? 30 : 0 },
    keep,
  );
  if (generated) {
    const { randomPassword } = aws.secretsmanager.getRandomPasswordOutput({ passwordLength: 64, excludePunctuation: true });
    // Only the first value comes from here: a deployment must not rotate what the operator or a rotation has set since.
    new aws.secretsmanager.SecretVersion(
      `${logical}First`,
      { secretId: secret.id, secretString: $util.secret(randomPassword) },
      { ignoreChanges: ['secretString'] },
    );
  }
  secrets.set(`${capability}/${name}`, secret);
}

/** Empty for a secret that this stage's profile does not use. */
export function secretArn(
  { capability, secrets: declared = {} }: Pick<Surface, 'capability' | 'secrets'>,
  name: string,
): $util.Input<string> {
  if (!declared[name]) throw new Error(`${capability} uses the secret "${name}" but does not declare it under "secrets" in its surface.ts`);
  return secrets.get(`${capability}/${name}`)?.arn ?? '';
}
