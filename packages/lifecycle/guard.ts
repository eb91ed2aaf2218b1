/**
 * The blast-radius guard's rules: when many leavers are a wave, and who may decide about one. A wave is a sign of a renamed group or another
 * directory as often as of people who left. Decides, stores nothing.
 */

import type { GuardConfig } from '@gatehouse/core/guard-profile';
import { ok, type Result, refuse } from '@gatehouse/core/result';

/** @param here counts everybody who is here; it is asked only when the answer hangs on it. */
export async function isWave(leaving: number, here: () => Promise<number>, guard: GuardConfig): Promise<boolean> {
  if (leaving > guard.max_people) return true;
  return leaving > guard.min_people && leaving > guard.max_share * (await here());
}

export interface Decision {
  by: string;
  decision: 'approve' | 'reject';
  reason: string;
  /** RFC 3339. */
  at: string;
}

export interface Question {
  state: 'waiting' | 'approved' | 'rejected';
  /** RFC 3339. */
  decide_by: string;
  decisions: readonly Decision[];
}

/** A case that waits for the decision. */
export interface Subject {
  person: string;
  trigger: 'manual' | 'event' | 'entitlement';
  /** Who began it; undefined for facts, and for a start in the console until CloudTrail tells of one of ours. */
  initiator?: string | undefined;
}

export type DecisionRefusal =
  | { reason: 'decided'; state: string; decisions: readonly Decision[] }
  | { reason: 'expired'; decide_by: string }
  | { reason: 'subject' }
  | { reason: 'initiator' }
  | { reason: 'again' };

export function stateOf({ state, decide_by }: Question, nowMs: number): Question['state'] | 'expired' {
  return state === 'waiting' && Date.parse(decide_by) <= nowMs ? 'expired' : state;
}

/** Two approvers where somebody unknown started a case in the console: one of them may be that somebody. One "no" is enough. */
export function decide(
  question: Question,
  subjects: readonly Subject[],
  decision: Decision,
  nowMs: number,
): Result<Question, DecisionRefusal> {
  const state = stateOf(question, nowMs);
  if (state === 'expired') return refuse({ reason: 'expired', decide_by: question.decide_by });
  if (state !== 'waiting') return refuse({ reason: 'decided', state, decisions: question.decisions });
  if (subjects.some(({ person }) => person === decision.by)) return refuse({ reason: 'subject' });
  if (subjects.some(({ initiator }) => initiator === decision.by)) return refuse({ reason: 'initiator' });
  const needed = approversFor(subjects);
  // Of an approval it may turn out later that it was no one's to give.
  const counted = question.decisions.filter(({ by }) => !subjects.some(({ person, initiator }) => by === person || by === initiator));
  const again = counted.some(({ by }) => by === decision.by);
  if (again && decision.decision === 'approve' && counted.length < needed) return refuse({ reason: 'again' });
  const decisions = [...question.decisions, decision];
  if (decision.decision === 'reject') return ok({ ...question, state: 'rejected', decisions });
  return ok({ ...question, state: counted.length + (again ? 0 : 1) >= needed ? 'approved' : 'waiting', decisions });
}

export function approversFor(subjects: readonly Subject[]): number {
  return subjects.some(({ trigger, initiator }) => trigger === 'manual' && initiator === undefined) ? 2 : 1;
}
