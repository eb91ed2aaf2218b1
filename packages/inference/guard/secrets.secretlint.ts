/** Finds secrets in a text by secretlint's recommended rules. Tells which kinds and how many, never what or where. */
import { lintSource } from '@secretlint/core';
import { creator } from '@secretlint/secretlint-rule-preset-recommend';

const config = { rules: [{ id: '@secretlint/secretlint-rule-preset-recommend', rule: creator, options: {}, rules: [] }] };

export async function secretsIn(content: string): Promise<Map<string, number>> {
  const { messages } = await lintSource({ source: { filePath: 'prompt.txt', content, contentType: 'text' }, options: { config } });
  const kinds = new Map<string, number>();
  for (const { ruleId } of messages) {
    // `@secretlint/secretlint-rule-aws` -> `aws`.
    const kind = ruleId.replace(/^.*secretlint-rule-/, '');
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return kinds;
}
