/** A Messages request as InvokeModel takes it, and back. Fields that it does not know travel along; the prompt is never touched. */

type Body = Readonly<Record<string, unknown>>;

/** What every Claude model on Bedrock takes; dated versions only newer ones do. */
const bedrockVersion = 'bedrock-2023-05-31';

/** InvokeModel has the first two in its path, and refuses the third. */
const elsewhere = ['model', 'stream', 'tags'];

/** @param betas of the `anthropic-beta` header: on Bedrock they are part of the body. */
export function toInvokeModel(body: Body, betas: readonly string[]): Record<string, unknown> {
  const rest = Object.fromEntries(Object.entries(body).filter(([name]) => !elsewhere.includes(name)));
  const all = [...new Set([...listed(body.anthropic_beta), ...betas])];
  return { ...rest, anthropic_version: body.anthropic_version ?? bedrockVersion, ...(all.length > 0 && { anthropic_beta: all }) };
}

/** @returns the Messages request, and the betas for its header. */
export function fromInvokeModel(body: Body, model: string, stream: boolean): { body: Record<string, unknown>; betas: string[] } {
  const { anthropic_version: _, anthropic_beta: betas, ...rest } = body;
  return { body: { ...rest, model, ...(stream && { stream }) }, betas: listed(betas) };
}

/** `anthropic-beta` as a list. */
export function betasIn(header: string | undefined): string[] {
  return (header ?? '')
    .split(',')
    .map((beta) => beta.trim())
    .filter((beta) => beta !== '');
}

function listed(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
