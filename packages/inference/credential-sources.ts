/** Which credential each upstream is asked with, where it lies, and what lies around and is not used. Opt-in only: nothing here chooses by what it finds. */
import type { InferenceConfig, Upstream } from '@gatehouse/core/inference-profile';

export type SecretName = 'anthropic-key' | 'anthropic-aws-key';

export type Source = { from: 'secret'; secret: SecretName } | { from: 'role'; signs: 'bedrock' | 'aws-external-anthropic' };

/** Variables that clients of each kind would take their credential or its address from; no function of ours does. */
const ambient: Readonly<Record<Upstream['kind'], readonly string[]>> = {
  anthropic: ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'ANTHROPIC_BASE_URL'],
  'anthropic-aws': ['ANTHROPIC_AWS_API_KEY', 'ANTHROPIC_AWS_WORKSPACE_ID', 'ANTHROPIC_AWS_BASE_URL'],
  bedrock: ['AWS_BEARER_TOKEN_BEDROCK', 'ANTHROPIC_BEDROCK_BASE_URL'],
};
const secretOf = { anthropic: 'anthropic-key', 'anthropic-aws': 'anthropic-aws-key' } as const;

export function sourceOf(upstream: Upstream): Source {
  if (upstream.kind === 'bedrock') return { from: 'role', signs: 'bedrock' };
  if (upstream.kind === 'anthropic-aws' && upstream.auth === 'iam') return { from: 'role', signs: 'aws-external-anthropic' };
  return { from: 'secret', secret: secretOf[upstream.kind] };
}

export function sourceName(source: Source): string {
  return source.from === 'secret' ? `the secret inference/${source.secret}` : "the function's role";
}

export interface Ignored {
  tier: Upstream['kind'];
  /** What is used instead; undefined where the profile names no such upstream. */
  used: Source | undefined;
  /** Names only. */
  ignored: readonly string[];
}

/**
 * Tiers with more than the one credential that the profile chose.
 * @param around secrets that were made, and names of variables that are set.
 */
export function ignoredSources(
  { upstreams }: Pick<InferenceConfig, 'upstreams'>,
  around: { secrets: readonly SecretName[]; variables: readonly string[] },
): Ignored[] {
  return (['anthropic', 'anthropic-aws', 'bedrock'] as const).flatMap((tier) => {
    const upstream = upstreams.find(({ kind }) => kind === tier);
    const used = upstream && sourceOf(upstream);
    const secret = tier === 'bedrock' ? undefined : secretOf[tier];
    const unused = secret !== undefined && around.secrets.includes(secret) && !(used?.from === 'secret');
    const ignored = [
      ...(unused ? [`the secret inference/${secret}`] : []),
      ...ambient[tier].filter((name) => around.variables.includes(name)).map((name) => `the variable ${name}`),
    ];
    return ignored.length > 0 ? [{ tier, used, ignored }] : [];
  });
}

/** So much of a key as tells one from another: `sk-ant-...wxyz`. */
export function redacted(key: string): string {
  const prefix = /^(?:[a-z]{2,4}-){1,2}/.exec(key)?.[0] ?? '';
  return key.length < 24 ? '...' : `${prefix}...${key.slice(-4)}`;
}
