/** What a refusal is told as beyond the log: the fact, and what makes two refusals the same one for an hour. Writes nothing. */
import { hash } from 'node:crypto';
import type { Detail } from '@gatehouse/events/fact';
import type { requestRefused } from '@gatehouse/events/request-refused';
import type { Refusal } from './refusal.ts';

type Told = Omit<Detail<typeof requestRefused>, 'id' | 'at' | 'person' | 'request_id'>;

/** Undefined for what no administrator decided: a body that is none, a request that may come again. */
export function toldOf(refusal: Refusal): Told | undefined {
  switch (refusal.reason) {
    case 'model_denied':
      return { reason: refusal.reason, model: refusal.model.slice(0, 100), policies: refusal.policies.slice(0, 20) };
    case 'route_denied':
      return { reason: refusal.reason, policies: refusal.policies.slice(0, 20) };
    case 'guarded':
      return { reason: refusal.reason, kinds: refusal.findings.flatMap(({ kinds }) => [...kinds.keys()]).slice(0, 20) };
    case 'used_up':
      return { reason: refusal.reason, period: refusal.limit.budget.period };
    default:
      return undefined;
  }
}

const hourMs = 3_600_000;

/** One id for the same person, reason and subject within an hour: a client that tries again and again is one fact. */
export function factId(person: string, told: Told, nowMs: number): string {
  const digest = hash('sha256', JSON.stringify([person, told, Math.floor(nowMs / hourMs)]));
  return `evt_${digest.slice(0, 26)}`;
}
