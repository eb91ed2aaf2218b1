import { InferenceConfig } from '@gatehouse/core/inference-profile';
import { describe, expect, it } from 'vitest';
import { readAsk } from './ask.ts';
import { addressOf, bedrockCountDraft, bedrockDraft, firstPartyModel, messagesDraft } from './tier.ts';

const { upstreams } = InferenceConfig.parse({
  upstreams: [
    { kind: 'anthropic' },
    { kind: 'anthropic-aws', workspace_id: 'wrkspc_01', region: 'eu-west-1' },
    { kind: 'bedrock', profile: 'eu', models: { 'claude-opus-5': 'arn:aws:bedrock:eu-central-1:1:application-inference-profile/x' } },
  ],
});
const [anthropic, platform, bedrock] = upstreams;
if (anthropic?.kind !== 'anthropic' || platform?.kind !== 'anthropic-aws' || bedrock?.kind !== 'bedrock')
  throw new TypeError('The profile has three');

function asked(model = 'claude-opus-4-8') {
  const bytes = Buffer.from(JSON.stringify({ model, max_tokens: 5, stream: true, tags: {}, messages: [] }));
  const ask = readAsk(bytes);
  if (!ask.ok) throw new TypeError('The body is one');
  return {
    act: 'messages',
    ask: ask.value,
    bytes,
    headers: { 'anthropic-beta': 'a,b' },
    search: '?beta=true',
    ownRegion: 'us-east-1',
  } as const;
}

describe('what is sent', () => {
  it('to the Anthropic API is the body as it came', () => {
    const draft = messagesDraft(anthropic, asked(), 'us-east-1');
    expect(draft).toMatchObject({
      url: 'https://api.anthropic.com/v1/messages?beta=true',
      credential: { secret: 'anthropic-key' },
      regional: false,
    });
    expect(draft.body).toEqual(asked().bytes);
    expect(draft.headers).toMatchObject({ 'anthropic-beta': 'a,b', 'anthropic-version': '2023-06-01' });
  });

  it('to Claude Platform on AWS names the workspace, in the region of the profile', () => {
    const draft = messagesDraft(platform, asked(), 'us-east-1');
    expect(draft.url).toBe('https://aws-external-anthropic.eu-west-1.api.aws/v1/messages?beta=true');
    expect(draft.headers['anthropic-workspace-id']).toBe('wrkspc_01');
    expect(draft.credential).toEqual({ kind: 'signature', service: 'aws-external-anthropic', region: 'eu-west-1' });
  });

  it('to Bedrock has its model in the path and its betas in the body, and costs the premium', () => {
    const draft = bedrockDraft(bedrock, asked(), 'eu-central-1');
    expect(draft.url).toBe(
      'https://bedrock-runtime.eu-central-1.amazonaws.com/model/eu.anthropic.claude-opus-4-8/invoke-with-response-stream',
    );
    expect(JSON.parse(draft.body.toString())).toEqual({
      max_tokens: 5,
      messages: [],
      anthropic_version: 'bedrock-2023-05-31',
      anthropic_beta: ['a', 'b'],
    });
    expect(draft.regional).toBe(true);
  });

  it('to Bedrock goes by the id that the profile writes for a model', () => {
    const draft = bedrockDraft(bedrock, asked('claude-opus-5'), 'eu-central-1');
    expect([draft.url, draft.regional]).toEqual([expect.stringContaining(encodeURIComponent('application-inference-profile/x')), false]);
  });

  it('for counting goes to the foundation model, and nowhere where that is not told', () => {
    const count = (model: string) => bedrockCountDraft(bedrock, { model, body: {} }, 'eu-central-1')?.url;
    expect(count('us.anthropic.claude-opus-4-8')).toMatch(/\/model\/anthropic\.claude-opus-4-8\/count-tokens$/);
    expect(count('claude-haiku-4-5')).toMatch(/\/model\/anthropic\.claude-haiku-4-5-20251001-v1%3A0\/count-tokens$/);
    expect(count('arn:aws:bedrock:us-east-1:1:application-inference-profile/x')).toBeUndefined();
  });
});

describe('where a tier is', () => {
  it('is its own region before that of the function', () => {
    expect(addressOf(platform, 'us-east-1')).toBe('https://aws-external-anthropic.eu-west-1.api.aws');
    expect(addressOf(bedrock, 'us-west-2')).toBe('https://bedrock-runtime.us-west-2.amazonaws.com');
    expect(addressOf({ ...bedrock, url: 'https://vpce.example.com/' }, 'us-west-2')).toBe('https://vpce.example.com');
  });
});

describe("a model in Anthropic's own spelling", () => {
  it.each([
    ['claude-opus-4-8', 'claude-opus-4-8'],
    ['claude-opus-4-8[1m]', 'claude-opus-4-8'],
    ['us.anthropic.claude-haiku-4-5-20251001-v1:0', 'claude-haiku-4-5-20251001'],
    ['claude-haiku-4-5@20251001', 'claude-haiku-4-5-20251001'],
    ['claude-3-5-haiku-latest', 'claude-3-5-haiku-latest'],
    ['opus', 'opus'],
    ['arn:aws:bedrock:us-east-1:1:application-inference-profile/x', 'arn:aws:bedrock:us-east-1:1:application-inference-profile/x'],
  ])('%s is %s', (spelling, name) => expect(firstPartyModel(spelling)).toBe(name));
});
