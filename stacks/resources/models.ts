/** What it takes to ask the models of a profile's upstreams that take a signature. Those that take a key need no power, and grant none. */
import type { Upstream } from '@gatehouse/core/inference-profile';
import { accountId, region as ownRegion, partition } from '../stage.ts';
import type { Statement } from './permission.ts';

type Power = Statement<$util.Input<string>>;

export function modelStatements(upstreams: readonly Upstream[]): Power[] {
  return upstreams.flatMap((upstream) => {
    const region = 'region' in upstream && upstream.region !== undefined ? upstream.region : ownRegion;
    if (upstream.kind === 'bedrock') return [invoke(upstream, region), count(region)];
    if (upstream.kind !== 'anthropic-aws' || upstream.auth !== 'iam') return [];
    return [
      {
        actions: ['aws-external-anthropic:CreateInference', 'aws-external-anthropic:CountTokens'],
        resources: [$interpolate`arn:${partition}:aws-external-anthropic:${region}:${accountId}:workspace/${upstream.workspace_id}`],
      },
    ];
  });
}

/** Bedrock counts tokens for foundation models only, where it is asked. */
function count(region: $util.Input<string>): Power {
  return {
    actions: ['bedrock:CountTokens'],
    resources: [$interpolate`arn:${partition}:bedrock:${region}::foundation-model/anthropic.claude-*`],
  };
}

/** An inference profile passes a request on to models of several regions, and asks for the right to each of them. */
function invoke({ profile, models }: Extract<Upstream, { kind: 'bedrock' }>, region: $util.Input<string>): Power {
  const written = Object.values(models).filter((id) => id.startsWith('arn:'));
  return {
    actions: ['bedrock:InvokeModel', 'bedrock:InvokeModelWithResponseStream'],
    resources: [
      profile === undefined
        ? $interpolate`arn:${partition}:bedrock:${region}::foundation-model/anthropic.claude-*`
        : $interpolate`arn:${partition}:bedrock:*::foundation-model/anthropic.claude-*`,
      ...(profile === undefined
        ? []
        : [$interpolate`arn:${partition}:bedrock:${region}:${accountId}:inference-profile/${profile}.anthropic.claude-*`]),
      ...written,
    ],
  };
}
