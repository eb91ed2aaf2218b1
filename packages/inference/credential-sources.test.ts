import { InferenceConfig } from '@gatehouse/core/inference-profile';
import { describe, expect, it } from 'vitest';
import { ignoredSources, redacted, sourceName, sourceOf } from './credential-sources.ts';

const config = InferenceConfig.parse({
  upstreams: [{ kind: 'anthropic' }, { kind: 'anthropic-aws', workspace_id: 'wrkspc_01' }, { kind: 'bedrock' }],
});
const byKey = InferenceConfig.parse({ upstreams: [{ kind: 'anthropic-aws', workspace_id: 'wrkspc_01', auth: 'api-key' }] });
const nothing = { secrets: [], variables: [] };

describe('the credential of an upstream', () => {
  it('is the one that the profile chose', () => {
    expect(config.upstreams.map(sourceOf).map(sourceName)).toEqual([
      'the secret inference/anthropic-key',
      "the function's role",
      "the function's role",
    ]);
    expect(byKey.upstreams.map(sourceOf)).toEqual([{ from: 'secret', secret: 'anthropic-aws-key' }]);
  });
});

describe('what lies around', () => {
  it('is nothing, where each tier has its one credential', () => {
    expect(ignoredSources(config, { ...nothing, secrets: ['anthropic-key'] })).toEqual([]);
    expect(ignoredSources(byKey, { ...nothing, secrets: ['anthropic-aws-key'] })).toEqual([]);
  });

  it('is named, with what is used instead', () => {
    expect(ignoredSources(config, { ...nothing, secrets: ['anthropic-key', 'anthropic-aws-key'] })).toEqual([
      {
        tier: 'anthropic-aws',
        used: { from: 'role', signs: 'aws-external-anthropic' },
        ignored: ['the secret inference/anthropic-aws-key'],
      },
    ]);
    expect(
      ignoredSources(config, { ...nothing, variables: ['ANTHROPIC_API_KEY', 'AWS_BEARER_TOKEN_BEDROCK', 'AWS_REGION'] }),
    ).toMatchObject([
      { tier: 'anthropic', ignored: ['the variable ANTHROPIC_API_KEY'] },
      { tier: 'bedrock', ignored: ['the variable AWS_BEARER_TOKEN_BEDROCK'] },
    ]);
  });

  it('never makes a tier of what the profile does not name', () => {
    expect(ignoredSources({ upstreams: [] }, { secrets: ['anthropic-key'], variables: [] })).toEqual([
      { tier: 'anthropic', used: undefined, ignored: ['the secret inference/anthropic-key'] },
    ]);
  });
});

describe('a key that is shown', () => {
  it.each([
    ['sk-ant-api03-0123456789abcdefwxyz', 'sk-ant-...wxyz'],
    ['0123456789abcdef01234567wxyz', '...wxyz'],
    ['sk-ant-short', '...'],
    ['', '...'],
  ])('%s is %s', (key, shown) => expect(redacted(key)).toBe(shown));
});
