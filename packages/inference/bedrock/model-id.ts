/** What Bedrock calls a model that a client named in Anthropic's way. The other direction is `modelName` of the rules; there is no second normaliser. */
import { modelName } from '@gatehouse/rules/models';

/** The day in the ids of models that have one. */
const snapshots: Readonly<Record<string, string>> = {
  'claude-opus-4-5': '20251101',
  'claude-haiku-4-5': '20251001',
  'claude-sonnet-4-5': '20250929',
  'claude-opus-4-1': '20250805',
  'claude-opus-4': '20250514',
  'claude-sonnet-4': '20250514',
  'claude-3-5-haiku': '20241022',
};

/** No day, but a version. */
const versioned = ['claude-opus-4-6'];

/**
 * The id for InvokeModel. What is Bedrock's own spelling already (`us.anthropic...`, an ARN) stays as it is.
 * @param geography of the inference profile, `us`, `eu`, `global`...; absent: the plain id, which newer models do not answer to on demand.
 */
export function bedrockModelId(spelling: string, geography: string | undefined): string {
  if (spelling.startsWith('arn:') || /(^|\.)anthropic\./.test(spelling)) return spelling;
  const { name, date } = modelName(spelling);
  const snapshot = date ?? snapshots[name];
  const id = snapshot === undefined ? `anthropic.${name}${versioned.includes(name) ? '-v1' : ''}` : `anthropic.${name}-${snapshot}-v1:0`;
  return geography === undefined ? id : `${geography}.${id}`;
}

/** Whatever profile or ARN it was named by, so that it is not opaque. */
export function foundationModelId(spelling: string): string {
  const id = bedrockModelId(spelling, undefined);
  return id.slice(Math.max(0, id.indexOf('anthropic.')));
}

/** In one region or by the profile of a geography, and not by the global one: what Bedrock asks its premium for. An application inference profile does not say. */
export function isRegional(id: string): boolean {
  const name = id.toLowerCase().split('/').at(-1) ?? '';
  return name.includes('anthropic.') && !name.startsWith('global.');
}

/** `/model/{id}/invoke` with the id as a path takes it: ARNs hold slashes. */
export function invokePath(id: string, stream: boolean): string {
  return `/model/${encodeURIComponent(id)}/${stream ? 'invoke-with-response-stream' : 'invoke'}`;
}
