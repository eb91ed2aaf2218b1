/** An onboarding or a move as it is kept and shown, and what its person is told at the end. Decides, stores nothing. */
import type { Grant } from '@gatehouse/contracts/records/grant';
import { JoiningKind } from '@gatehouse/contracts/steps/joining';
import * as z from 'zod';

export const Joining = z.object({
  id: z.string(),
  kind: JoiningKind,
  person: z.string(),
  generation: z.int().positive(),
  status: z.enum(['waiting', 'giving', 'done', 'cancelled', 'needs_human']),
  trigger: z.enum(['manual', 'event', 'entitlement']),
  reason: z.string(),
  ticket: z.string().optional(),
  dry_run: z.boolean(),
  execution_arn: z.string(),
  started_at: z.string(),
  closed_at: z.string().optional(),
  message: z.string().optional(),
  /** For the person: what they have, and how to sign in. */
  welcome: z.string().optional(),
});
export type Joining = z.infer<typeof Joining>;

/** The public row. */
export function showJoining({ id, person, status, trigger, started_at, execution_arn, ...rest }: Joining): Record<string, unknown> {
  const { reason, ticket, dry_run, closed_at, message, welcome } = rest;
  return { id, person, status, trigger, started_at, closed_at, execution_arn, reason, ticket, dry_run, message, welcome };
}

/** @param grants of the person as they stand now. @param origin of the gateway. */
export function welcomeOf(name: string, grants: readonly Grant[], origin: string): string {
  const held = grants.filter(({ state }) => state === 'given' || state === 'found');
  const lines = held.map(lineOf);
  const has = lines.length > 0 ? `You have:\n${lines.map((line) => `- ${line}`).join('\n')}\n` : '';
  return `Welcome, ${name}.\n${has}To use Claude Code: run \`claude\`, choose to sign in with your company's gateway, and give ${origin}. It opens a page with a code; sign in there as you do elsewhere.`;
}

function lineOf({ kind, state, spec }: Grant): string {
  const [what, how] = wordsOf(kind, 'template' in spec ? spec.template : '');
  return `${what}${state === 'given' ? how : ', which you had already'}`;
}

function wordsOf(kind: Grant['kind'], template: string): [string, string] {
  switch (kind) {
    case 'seat':
      return ['a seat at Anthropic', ': accept the invite in your mail within 21 days'];
    case 'virtual-key':
      return ['a LiteLLM key for tools that cannot sign in', ': your workspace has it in LITELLM_API_KEY'];
    case 'workspace':
      return ['a workspace in Coder', `, made from the template ${template}: sign in to Coder as you do elsewhere`];
  }
}
