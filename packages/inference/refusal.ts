/** Why the gateway does not pass a request on, and how it says so: 403 and 429 end it at once, 400 would be tried six times. */

import { periodEnd } from '@gatehouse/ledger/rows';
import type { Limit } from '@gatehouse/ledger/spend-limit';
import type { BadAsk } from './ask.ts';
import type { Finding } from './guard/guard.detectors.ts';
import type { NotTranslatable } from './openai/to-messages.ts';
import type { NotPermitted } from './permission.ts';
import { exhaustedHeaders } from './spend-headers.ts';

export type Refusal =
  | BadAsk
  | NotPermitted
  | { reason: 'too_large'; bytes: number; maxBytes: number }
  | { reason: 'encoded'; encoding: string }
  | { reason: 'used_up'; limit: Limit; now: number }
  | { reason: 'held'; limit: Limit }
  | { reason: 'no_upstream'; format: string }
  | { reason: 'guarded'; findings: readonly Finding[] }
  | NotTranslatable;

export interface Refused {
  status: number;
  type: string;
  message: string;
  headers: Record<string, string>;
}

const once = { 'x-should-retry': 'false' };

/** @param help what the company tells people who want more, as its profile says it. */
export function refused(refusal: Refusal, help: string | undefined): Refused {
  switch (refusal.reason) {
    case 'not_json':
      return bad(`The body is not what this endpoint takes: ${refusal.detail}`);
    case 'no_model':
      return bad('The body names no model.');
    case 'too_nested':
      return bad('The body is nested more than 1000 deep.');
    case 'too_many_models':
      return bad('The body names more than 100 models.');
    case 'not_translatable':
      return bad(refusal.detail);
    case 'too_large':
      return {
        status: 413,
        type: 'request_too_large',
        message: `The request has ${refusal.bytes} bytes and the gateway takes ${refusal.maxBytes}: compact the conversation, or remove images and attachments.`,
        headers: once,
      };
    case 'encoded':
      return bad(
        `The body is encoded (${refusal.encoding.slice(0, 50)}), and this endpoint reads plain JSON: send it without a content-encoding.`,
      );
    case 'model_denied':
      return denied(
        `The model ${refusal.model.slice(0, 100)} is not in your policy (${named(refusal.policies)}). ${choices(refusal.allowed)}`,
        help,
      );
    case 'route_denied':
      return denied(
        refusal.allowed.includes('governed')
          ? `Your policy (${named(refusal.policies)}) sends requests through LiteLLM and not through this gateway.`
          : `Your policy (${named(refusal.policies)}) does not use this gateway: it allows ${refusal.allowed.join(', ')}.`,
        help,
      );
    case 'guarded':
      return denied(guardedSentence(refusal.findings), help);
    case 'used_up':
      return {
        status: 429,
        type: 'billing_error',
        message: sentence(`${limitName(refusal.limit)} is used up. It starts anew on ${resetDay(refusal.limit)} (UTC)`, help),
        headers: exhaustedHeaders(refusal.limit, refusal.now),
      };
    case 'held':
      return {
        status: 429,
        type: 'rate_limit_error',
        message: `What is left of ${lower(limitName(refusal.limit))} is held by your requests that are still running: try again when one has finished.`,
        headers: { 'retry-after': '5' },
      };
    case 'no_upstream':
      return {
        status: 501,
        type: 'not_supported',
        message: `No upstream of this gateway speaks ${refusal.format}.`,
        headers: once,
      };
  }
}

const guardrailNames = { secrets: 'secrets', financial: 'financial data', pii: 'personal data' } as const;

/** What is already in a conversation is sent again with each prompt: the way back is said as well. */
function guardedSentence(findings: readonly Finding[]): string {
  const found = findings.map(({ guardrail, kinds }) => `${guardrailNames[guardrail]} (${[...kinds.keys()].join(', ')})`).join(' and ');
  const masked = findings.filter(({ action }) => action === 'mask').map(({ guardrail }) => guardrailNames[guardrail]);
  const why = masked.length === 0 ? '' : ` Your policy would mask ${masked.join(' and ')}, which only LiteLLM can do.`;
  return `The prompt holds ${found}, which your policy keeps inside.${why} Take them out and send it again: /rewind goes back to before them, /clear begins anew.`;
}

function bad(message: string): Refused {
  return { status: 400, type: 'invalid_request_error', message, headers: {} };
}

function denied(message: string, help: string | undefined): Refused {
  return { status: 403, type: 'permission_error', message: sentence(message.replace(/\.$/, ''), help), headers: once };
}

function sentence(message: string, help: string | undefined): string {
  return help === undefined ? `${message}.` : `${message}. ${help}`;
}

function named(policies: readonly string[]): string {
  return policies.join(', ') || 'none matches you';
}

function choices(allowed: readonly string[] | undefined): string {
  if (allowed === undefined || allowed.includes('*')) return 'Choose another with /model.';
  return allowed.length === 0 ? 'It allows none.' : `Choose one of ${allowed.slice(0, 10).join(', ')} with /model.`;
}

const adjectives = { daily: 'daily', weekly: 'weekly', monthly: 'monthly' } as const;

function limitName({ budget }: Limit): string {
  const dollars = `$${(budget.amount_micros / 1_000_000).toFixed(2)}`;
  const whose =
    budget.scope === 'group' ? `The ${adjectives[budget.period]} budget of ${budget.group}` : `Your ${adjectives[budget.period]} budget`;
  return `${whose} of ${dollars}`;
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function resetDay({ budget, start }: Limit): string {
  return periodEnd(budget.period, start);
}
