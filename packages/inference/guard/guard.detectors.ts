/**
 * Looks through a prompt before it leaves, for what the person's policy keeps inside. It tells which kinds it found and how many, never what or where; what
 * finds them is loaded when a policy first asks for it.
 */
import type { Effective } from '@gatehouse/rules/resolve';
import { promptText } from './prompt-text.ts';

export type Guardrail = keyof Effective['guardrails'];

export interface Finding {
  guardrail: Guardrail;
  /** `mask`: the policy would let it pass without these, which is not done here. */
  action: 'block' | 'mask';
  /** How many of each kind. */
  kinds: ReadonlyMap<string, number>;
}

const finders: Readonly<Record<Guardrail, (text: string, own: string) => Promise<ReadonlyMap<string, number>>>> = {
  secrets: async (text) => (await import('./secrets.secretlint.ts')).secretsIn(text),
  financial: async (text) => (await import('./financial.validator.ts')).financialIn(text),
  pii: async (text, own) => (await import('./personal.validator.ts')).personalIn(text, own),
};

/** @param own the person's e-mail address. Nothing found is an empty list. */
export async function guard(
  guardrails: Effective['guardrails'],
  body: Readonly<Record<string, unknown>>,
  own: string,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  let text: string | undefined;
  for (const guardrail of ['secrets', 'financial', 'pii'] as const) {
    const action = guardrails[guardrail];
    if (action !== 'block' && action !== 'mask') continue;
    text ??= promptText(body);
    const kinds = await finders[guardrail](text, own);
    if (kinds.size > 0) findings.push({ guardrail, action, kinds });
  }
  return findings;
}
