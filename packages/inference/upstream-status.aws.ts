/** What administrators are told of the upstreams: the tiers in their order, which credential each is asked with, and what is ignored. Never a secret itself. */
import type { InferenceConfig, Upstream } from '@gatehouse/core/inference-profile';
import { log } from '@gatehouse/runtime/log';
import { secretAgain } from '@gatehouse/runtime/secret';
import { ownRegion, type SecretArns } from './credential.aws.ts';
import { ignoredSources, redacted, type SecretName, type Source, sourceName, sourceOf } from './credential-sources.ts';
import { addressOf } from './tier.ts';

interface Setting {
  config: InferenceConfig;
  arns: SecretArns;
}

export async function upstreamStatus({ config, arns }: Setting): Promise<Record<string, unknown>> {
  const around = aroundOf(arns);
  return {
    upstreams: await Promise.all(config.upstreams.map((upstream, index) => tierOf(upstream, index + 1, arns))),
    ignored: ignoredSources(config, around).map(({ tier, used, ignored }) => ({
      kind: tier,
      used: used ? sourceName(used) : null,
      ignored,
    })),
  };
}

async function tierOf(upstream: Upstream, order: number, arns: SecretArns): Promise<Record<string, unknown>> {
  const source = sourceOf(upstream);
  const regional = upstream.kind !== 'anthropic';
  return {
    order,
    kind: upstream.kind,
    url: addressOf(upstream, ownRegion()),
    ...(regional && { region: upstream.region ?? ownRegion(), region_from: upstream.region ? 'the profile' : "the function's own region" }),
    ...(upstream.kind === 'anthropic-aws' && { workspace_id: upstream.workspace_id }),
    ...(upstream.kind === 'bedrock' && { inference_profile: upstream.profile ?? null }),
    credential: await credentialOf(source, arns),
  };
}

async function credentialOf(source: Source, arns: SecretArns): Promise<Record<string, unknown>> {
  const told = { source: sourceName(source), mode: source.from === 'secret' ? 'api-key' : 'sigv4' };
  if (source.from === 'role') return { ...told, signs: source.signs, state: 'ready' };
  try {
    return { ...told, state: 'ready', key: redacted(await secretAgain(arns[source.secret])) };
  } catch (error) {
    // What is wrong names the secret, never its value.
    return { ...told, state: 'missing', because: error instanceof Error ? error.message : 'it cannot be read' };
  }
}

let warned = false;

/** Once an environment: a credential that somebody meant to be used, and is not, is named in the log. */
export function warnOfIgnored({ config, arns }: Setting): void {
  if (warned) return;
  warned = true;
  for (const { tier, used, ignored } of ignoredSources(config, aroundOf(arns)))
    log.warn('a credential is ignored', { tier, used: used ? sourceName(used) : 'nothing: the profile names no such upstream', ignored });
}

function aroundOf(arns: SecretArns): { secrets: SecretName[]; variables: string[] } {
  return {
    secrets: (['anthropic-key', 'anthropic-aws-key'] as const).filter((name) => arns[name] !== ''),
    variables: Object.keys(process.env).filter((name) => process.env[name] !== ''),
  };
}
