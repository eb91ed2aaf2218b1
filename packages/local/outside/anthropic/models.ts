/** The models that the vendors' stand-ins serve, and the names that Anthropic and Bedrock call them by. Prices nothing. */

export interface CatalogueModel {
  /** Anthropic's own id; dated where the vendor dates it. */
  id: string;
  display_name: string;
  created_at: string;
  max_input_tokens: number;
  max_tokens: number;
}

function model(id: string, display_name: string, day: string, max_tokens = 64_000, max_input_tokens = 200_000): CatalogueModel {
  return { id, display_name, created_at: `${day}T00:00:00Z`, max_input_tokens, max_tokens };
}

/** Newest first, as `GET /v1/models` lists them. */
export const catalogue: readonly CatalogueModel[] = [
  model('claude-opus-5-5', 'Claude Opus 5.5', '2026-10-20', 128_000, 1_000_000),
  model('claude-sonnet-5-5', 'Claude Sonnet 5.5', '2026-10-20', 128_000, 1_000_000),
  model('claude-haiku-5-5', 'Claude Haiku 5.5', '2026-10-20'),
  model('claude-sonnet-5', 'Claude Sonnet 5', '2026-07-14', 128_000, 1_000_000),
  model('claude-opus-5', 'Claude Opus 5', '2026-07-14', 128_000, 1_000_000),
  model('claude-opus-4-8', 'Claude Opus 4.8', '2026-05-28', 128_000, 1_000_000),
  model('claude-opus-4-7', 'Claude Opus 4.7', '2026-04-16', 128_000, 1_000_000),
  model('claude-sonnet-4-6', 'Claude Sonnet 4.6', '2026-02-17', 64_000, 1_000_000),
  model('claude-opus-4-6', 'Claude Opus 4.6', '2026-02-05', 128_000, 1_000_000),
  model('claude-opus-4-5-20251101', 'Claude Opus 4.5', '2025-11-24'),
  model('claude-haiku-4-5-20251001', 'Claude Haiku 4.5', '2025-10-15'),
  model('claude-sonnet-4-5-20250929', 'Claude Sonnet 4.5', '2025-09-29'),
  model('claude-3-5-haiku-20241022', 'Claude Haiku 3.5', '2024-10-22', 8192),
];

/** By id, or by the alias without a date. Undefined for a model that Anthropic does not serve. */
export function anthropicModel(name: string): CatalogueModel | undefined {
  return catalogue.find(({ id }) => id === name || id.replace(/-20\d{6}$/, '') === name);
}

export type BedrockName = { model: CatalogueModel; profile: boolean } | undefined;

const geography = /^(?:us|us-gov|eu|apac|jp|au|ca|global)\./;

/** A foundation model's id or ARN, or an inference profile's (`us.anthropic...`): only through a profile are the newer ones served on demand. */
export function bedrockModel(id: string): BedrockName {
  const arn = /^arn:aws:bedrock:[a-z0-9-]*:\d*:(foundation-model|inference-profile)\/(.+)$/.exec(id);
  const name = arn?.[2] ?? id;
  const profile = geography.test(name);
  if (arn && (arn[1] === 'inference-profile') !== profile) return undefined;
  const inner = name.replace(geography, '');
  if (!inner.startsWith('anthropic.')) return undefined;
  const found = catalogue.find((one) => bedrockId(one) === inner);
  return found && { model: found, profile };
}

/** `anthropic.claude-haiku-4-5-20251001-v1:0`; models without a date have no version either, but for one. */
function bedrockId({ id }: CatalogueModel): string {
  if (id === 'claude-opus-4-6') return `anthropic.${id}-v1`;
  return /-20\d{6}$/.test(id) ? `anthropic.${id}-v1:0` : `anthropic.${id}`;
}

/** Served on demand under its plain id, without a profile. */
export function isPlainOnDemand({ id }: CatalogueModel): boolean {
  return id.startsWith('claude-3-5-haiku');
}
