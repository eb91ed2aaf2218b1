/** What an account shows of a profile, with whatever credentials the AWS SDK finds. Only reads; what it may not read is unknown, never wrong. */
import { ACMClient, DescribeCertificateCommand } from '@aws-sdk/client-acm';
import { BedrockClient, GetFoundationModelAvailabilityCommand, ListFoundationModelsCommand } from '@aws-sdk/client-bedrock';
import { GetAccountSettingsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetHostedZoneCommand, Route53Client } from '@aws-sdk/client-route-53';
import { ListSecretVersionIdsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { holds } from '@gatehouse/contracts/in-stage';
import { secretName } from '@gatehouse/contracts/names';
import type { Profile } from '@gatehouse/core/profile';
import { surfaces } from '../surfaces.ts';
import { type Finding, ok, unknown, wrong } from './finding.ts';

/** Lambda keeps so many environments for functions without a reservation. */
const alwaysUnreserved = 100;
const day = 86_400_000;

/** @param nowMs milliseconds. */
export async function lookAtAccount(stage: string, profile: Profile, nowMs: number): Promise<Finding[]> {
  const client = { region: profile.region, maxAttempts: 2, requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000 } };
  const identity = await look('account', async () => {
    const { Account, Arn } = await new STSClient(client).send(new GetCallerIdentityCommand({}));
    return ok('account', `${Account}, as ${Arn}`);
  });
  if (identity.state !== 'ok') return [{ ...identity, mend: 'sign in to AWS (aws sso login), or name a profile in AWS_PROFILE' }];
  const found = [identity, regionOf(profile), zone(profile, client), certificate(profile, client, nowMs), capacity(profile, client)];
  return Promise.all([...found, models(profile, client), ...secrets(stage, profile, client)].filter((one) => one !== undefined));
}

type Options = { region: string };

/** Answers that say for certain that what the profile names is not there. */
const absent: Readonly<Record<string, (message: string) => [says: string, mend: string]>> = {
  NoSuchHostedZone: () => [
    'this account has no such zone',
    'write the id of the public zone above the domain (aws route53 list-hosted-zones)',
  ],
  InvalidInput: (message) => [message, 'write the id of the public zone above the domain (aws route53 list-hosted-zones)'],
};

async function look(check: string, ask: () => Promise<Finding>): Promise<Finding> {
  try {
    return await ask();
  } catch (error) {
    const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
    const gone = absent[name]?.(message);
    if (gone) return wrong(check, ...gone);
    return unknown(check, `${name}: ${message}`);
  }
}

function regionOf({ region }: Profile): Finding {
  const named = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
  return named === undefined || named === region
    ? ok('region', region)
    : wrong(
        'region',
        `the shell says ${named} and the profile ${region}`,
        `the profile's is used: unset AWS_REGION, or write ${named} there`,
      );
}

function zone({ domain }: Profile, client: Options): Promise<Finding> | undefined {
  if (!domain || !('zone_id' in domain)) return undefined;
  const { name, zone_id } = domain;
  return look('zone', async () => {
    const { HostedZone } = await new Route53Client(client).send(new GetHostedZoneCommand({ Id: zone_id }));
    const above = (HostedZone?.Name ?? '').replace(/\.$/, '');
    if (HostedZone?.Config?.PrivateZone)
      return wrong(
        'zone',
        `${zone_id} (${above}) is a private zone: no certificate can be proven by it`,
        'name the public zone of the domain',
      );
    return name === above || name.endsWith(`.${above}`)
      ? ok('zone', `${name} is in ${above}, which is public`)
      : wrong('zone', `${name} is not in ${above}`, `name the zone of ${name}, or a domain below ${above}`);
  });
}

function certificate({ domain, region }: Profile, client: Options, nowMs: number): Promise<Finding> | undefined {
  const arn = domain?.certificate_arn;
  if (!domain || arn === undefined) return undefined;
  const place = arn.split(':')[3];
  if (place !== region)
    return Promise.resolve(wrong('certificate', `it is in ${place}, and the API in ${region}`, `import it into ACM in ${region}`));
  return look('certificate', async () => {
    const { Certificate } = await new ACMClient(client)
      .send(new DescribeCertificateCommand({ CertificateArn: arn }))
      .catch((error: Error) => {
        if (error.name === 'ResourceNotFoundException') return { Certificate: undefined };
        throw error;
      });
    if (!Certificate) return wrong('certificate', `this account has none with the ARN ${arn}`, `import it into ACM in ${region}`);
    const covered = [Certificate.DomainName, ...(Certificate.SubjectAlternativeNames ?? [])].some((name) => covers(name, domain.name));
    if (!covered) return wrong('certificate', `it is not for ${domain.name}`, 'name the certificate of the domain');
    if (Certificate.Status !== 'ISSUED') return wrong('certificate', `it is ${Certificate.Status}`, 'issue or import it first');
    const days = Math.floor(((Certificate.NotAfter?.getTime() ?? 0) - nowMs) / day);
    return days < 30
      ? wrong('certificate', `it ends in ${days} days`, 'import the next one under the same ARN')
      : ok('certificate', `${days} days left`);
  });
}

function covers(written: string | undefined, name: string): boolean {
  return written === name || (written?.startsWith('*.') === true && name.slice(name.indexOf('.') + 1) === written.slice(2));
}

function capacity({ capacity: wanted }: Profile, client: Options): Promise<Finding> {
  return look('capacity', async () => {
    const { AccountLimit } = await new LambdaClient(client).send(new GetAccountSettingsCommand({}));
    const all = AccountLimit?.ConcurrentExecutions ?? 0;
    const aside = (wanted.telemetry_floor ?? 0) + (wanted.inference_cap ?? 0);
    if (aside > 0 && all - aside < alwaysUnreserved)
      return wrong(
        'capacity',
        `${aside} of ${all} environments would be set aside; Lambda keeps ${alwaysUnreserved} for the rest`,
        'ask for a higher quota of concurrent executions (L-B99A9384), or leave "capacity" out',
      );
    return ok('capacity', `${all} environments at once${aside > 0 ? `, ${aside} of them set aside` : ''}`);
  });
}

/** Only where prompts go to Bedrock. */
function models(profile: Profile, client: Options): Promise<Finding> | undefined {
  if (!JSON.stringify(profile).includes('bedrock')) return undefined;
  return look('models', async () => {
    const bedrock = new BedrockClient(client);
    const { modelSummaries = [] } = await bedrock.send(new ListFoundationModelsCommand({ byProvider: 'anthropic' }));
    const active = modelSummaries.filter(({ modelLifecycle }) => modelLifecycle?.status === 'ACTIVE').map(({ modelId = '' }) => modelId);
    if (active.length === 0)
      return wrong(
        'models',
        `Bedrock offers no model of Anthropic in ${profile.region}`,
        'take a region that does, or ask for access in the Bedrock console',
      );
    const wanted = active.filter((id) => profile.inference.models.some((name) => id.includes(name)));
    const closed = await Promise.all(
      wanted.map(async (modelId) => {
        const { authorizationStatus, agreementAvailability } = await bedrock.send(new GetFoundationModelAvailabilityCommand({ modelId }));
        const open = authorizationStatus === 'AUTHORIZED' && agreementAvailability?.status === 'AVAILABLE';
        return open ? [] : [modelId];
      }),
    );
    return closed.flat().length > 0
      ? wrong(
          'models',
          `this account has no access to ${closed.flat().join(', ')}`,
          `ask for it in the Bedrock console of ${profile.region}, or leave those models out of inference.models`,
        )
      : ok('models', `${active.length} models of Anthropic in ${profile.region}, open those that are offered`);
  });
}

/** After a deployment: which secrets still wait for the operator. */
function secrets(stage: string, profile: Profile, client: Options): Promise<Finding>[] {
  const parts: Readonly<Record<string, unknown>> = profile;
  const manager = new SecretsManagerClient(client);
  return surfaces.flatMap(({ capability, secrets: declared = {} }) =>
    Object.entries(declared)
      .filter(([, { generated, where }]) => !generated && holds(parts[capability], where))
      .map(([name, { description }]) => {
        const SecretId = secretName(stage, capability, name);
        return look(`secret ${SecretId}`, async () => {
          const { Versions = [] } = await manager.send(new ListSecretVersionIdsCommand({ SecretId }));
          return Versions.length > 0
            ? ok(`secret ${SecretId}`, 'has a value')
            : wrong(
                `secret ${SecretId}`,
                `has no value: ${description}`,
                `aws secretsmanager put-secret-value --secret-id ${SecretId} --secret-string file://VALUE`,
              );
        }).then((finding) => (finding.says.startsWith('ResourceNotFound') ? unknown(finding.check, 'not deployed yet') : finding));
      }),
  );
}
