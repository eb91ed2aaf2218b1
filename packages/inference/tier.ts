/** What is sent to which upstream: address, headers and body of one request, without its credential. Sends nothing, reads no secret. */
import type { Upstream } from '@gatehouse/core/inference-profile';
import { modelName } from '@gatehouse/rules/models';
import type { Ask } from './ask.ts';
import { betasIn, toInvokeModel } from './bedrock/body.ts';
import { bedrockModelId, foundationModelId, invokePath, isRegional } from './bedrock/model-id.ts';

/** What a client speaks, and what is asked of upstream in its name. */
export type Act = 'messages' | 'count_tokens';

export type Credential =
  | { kind: 'key'; secret: 'anthropic-key' | 'anthropic-aws-key' }
  | { kind: 'signature'; service: 'aws-external-anthropic' | 'bedrock'; region: string };

export interface Draft {
  tier: Upstream['kind'];
  url: string;
  headers: Record<string, string>;
  body: Buffer;
  credential: Credential;
  /** Bedrock asks its regional premium for it. */
  regional: boolean;
  /** How a streamed answer comes. */
  framing: 'events' | 'eventstream';
}

export interface Asked {
  act: Act;
  ask: Ask;
  /** As it came. */
  bytes: Buffer;
  /** Those that pass, as `towardsUpstream` leaves them. */
  headers: Readonly<Record<string, string>>;
  /** `?beta=true`, with its mark; empty where there is none. */
  search: string;
}

const versionHeader = { 'anthropic-version': '2023-06-01' };
const paths = { messages: '/v1/messages', count_tokens: '/v1/messages/count_tokens' } as const;

/** @param ownRegion of the function: a tier that names none is in the same. */
export function messagesDraft(upstream: Exclude<Upstream, { kind: 'bedrock' }>, asked: Asked, ownRegion: string): Draft {
  const { act, ask, search } = asked;
  const model = firstPartyModel(ask.model);
  const bytes = model === ask.model ? asked.bytes : Buffer.from(JSON.stringify({ ...ask.body, model }));
  const headers = { ...versionHeader, 'content-type': 'application/json', ...asked.headers };
  const draft = { headers, body: bytes, regional: false, framing: 'events' as const };
  if (upstream.kind === 'anthropic') {
    const credential = { kind: 'key', secret: 'anthropic-key' } as const;
    return { ...draft, tier: 'anthropic', url: `${addressOf(upstream, ownRegion)}${paths[act]}${search}`, credential };
  }
  const region = upstream.region ?? ownRegion;
  return {
    ...draft,
    tier: 'anthropic-aws',
    url: `${addressOf(upstream, ownRegion)}${paths[act]}${search}`,
    headers: { ...headers, 'anthropic-workspace-id': upstream.workspace_id },
    credential:
      upstream.auth === 'iam'
        ? { kind: 'signature', service: 'aws-external-anthropic', region }
        : { kind: 'key', secret: 'anthropic-aws-key' },
  };
}

/** Bedrock's spellings, `[1m]` and the like, as Anthropic's own API calls the model. What is spelled so already, or is no name, stays as it is. */
export function firstPartyModel(spelling: string): string {
  const { name, date, opaque } = modelName(spelling);
  if (opaque || !name.startsWith('claude-') || spelling.endsWith('-latest')) return spelling;
  return date === undefined ? name : `${name}-${date}`;
}

/** A Messages request for Bedrock: the model goes into the path, betas into the body. */
export function bedrockDraft(upstream: Extract<Upstream, { kind: 'bedrock' }>, { ask, headers }: Asked, ownRegion: string): Draft {
  const id = upstream.models[ask.model] ?? bedrockModelId(ask.model, upstream.profile);
  const body = Buffer.from(JSON.stringify(toInvokeModel(ask.body, betasIn(headers['anthropic-beta']))));
  return invokeDraft(upstream, { id, body, stream: ask.stream }, ownRegion);
}

/**
 * Tokens counted by Bedrock, which does so for foundation models alone: undefined where the name does not tell which that is.
 * @param body for InvokeModel.
 */
export function bedrockCountDraft(
  upstream: Extract<Upstream, { kind: 'bedrock' }>,
  { model, body }: { model: string; body: Readonly<Record<string, unknown>> },
  ownRegion: string,
): Draft | undefined {
  if (modelName(model).opaque) return undefined;
  const id = foundationModelId(model);
  // An InvokeModel body must say how much is wanted; counting does not ask for it.
  const invokeModel = { body: Buffer.from(JSON.stringify({ max_tokens: 1, ...body })).toString('base64') };
  const draft = invokeDraft(upstream, { id, body: Buffer.from(JSON.stringify({ input: { invokeModel } })), stream: false }, ownRegion);
  return { ...draft, url: `${addressOf(upstream, ownRegion)}/model/${encodeURIComponent(id)}/count-tokens` };
}

/** What speaks Bedrock already. */
export function invokeDraft(
  upstream: Extract<Upstream, { kind: 'bedrock' }>,
  { id, body, stream }: { id: string; body: Buffer; stream: boolean },
  ownRegion: string,
): Draft {
  const region = upstream.region ?? ownRegion;
  const accept = stream ? 'application/vnd.amazon.eventstream' : 'application/json';
  return {
    tier: 'bedrock',
    url: `${addressOf(upstream, ownRegion)}${invokePath(id, stream)}`,
    headers: { 'content-type': 'application/json', accept },
    body,
    credential: { kind: 'signature', service: 'bedrock', region },
    regional: isRegional(id),
    framing: 'eventstream',
  };
}

/** Where a tier is asked. A region written in the profile goes before the function's own. */
export function addressOf(upstream: Upstream, ownRegion: string): string {
  if (upstream.kind === 'anthropic') return trimmed(upstream.url);
  const region = upstream.region ?? ownRegion;
  const usual =
    upstream.kind === 'bedrock' ? `https://bedrock-runtime.${region}.amazonaws.com` : `https://aws-external-anthropic.${region}.api.aws`;
  return trimmed(upstream.url ?? usual);
}

function trimmed(url: string): string {
  return url.replace(/\/+$/, '');
}
