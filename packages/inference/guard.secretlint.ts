/**
 * Looks for secrets in a prompt before it leaves, by secretlint's own rules. It tells which kinds it found and how many, never what or where; it is loaded
 * when a policy first asks for it.
 */
import type { Effective } from '@gatehouse/rules/resolve';
import { promptText } from './prompt-text.ts';

export type Guarded =
  | { outcome: 'clean' }
  | { outcome: 'found'; kinds: ReadonlyMap<string, number> }
  /** The policy blocks what nothing here finds. */
  | { outcome: 'unguarded'; kinds: readonly string[] };

const unguarded = { pii: 'personal data', financial: 'card numbers' } as const;

export async function guard(guardrails: Effective['guardrails'], body: Readonly<Record<string, unknown>>): Promise<Guarded> {
  const missing = (['pii', 'financial'] as const).filter((kind) => guardrails[kind] === 'block').map((kind) => unguarded[kind]);
  if (missing.length > 0) return { outcome: 'unguarded', kinds: missing };
  if (guardrails.secrets !== 'block') return { outcome: 'clean' };
  const kinds = await secretsIn(promptText(body));
  return kinds.size > 0 ? { outcome: 'found', kinds } : { outcome: 'clean' };
}

async function secretsIn(content: string): Promise<Map<string, number>> {
  const [{ lintSource }, { creator }] = await Promise.all([
    import('@secretlint/core'),
    import('@secretlint/secretlint-rule-preset-recommend'),
  ]);
  const config = { rules: [{ id: '@secretlint/secretlint-rule-preset-recommend', rule: creator, options: {}, rules: [] }] };
  const { messages } = await lintSource({ source: { filePath: 'prompt.txt', content, contentType: 'text' }, options: { config } });
  const kinds = new Map<string, number>();
  for (const { ruleId } of messages) {
    // `@secretlint/secretlint-rule-aws` -> `aws`.
    const kind = ruleId.replace(/^.*secretlint-rule-/, '');
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return kinds;
}
