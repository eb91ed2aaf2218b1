/** How the gate and the sessions of one person are written in a case: hashed ids, a word before, a word after. Machine state is readable by every console user. */
import type { Gate } from '@gatehouse/contracts/records/gate';
import type { Session } from '@gatehouse/contracts/records/session';
import type { StepOutput, Target } from '@gatehouse/contracts/steps/step';
import { digest } from './rows.ts';

/** What a step's output may list. */
const maxTargets = 50;

export type Grade = NonNullable<Target['grade']>;

export function accountTarget(person: string, before: Gate | undefined, after: Gate | undefined, at: string, grade?: Grade): Target {
  return {
    system: 'gatehouse',
    kind: 'account',
    id_hash: hashed(person),
    before: word(before),
    after: word(after),
    at,
    ...(grade && { grade }),
  };
}

export function sessionTarget({ id }: Pick<Session, 'id'>, before: string, after: string, at: string, grade?: Grade): Target {
  return { system: 'gatehouse', kind: 'session', id_hash: hashed(id), before, after, at, ...(grade && { grade }) };
}

function word(gate: Gate | undefined): string {
  return gate ? `${gate.state} at epoch ${gate.epoch}` : 'never signed in';
}

function hashed(id: string): string {
  return `sha256:${digest(id)}`;
}

/** An output within its bounds; what is left out is counted. */
export function output(outcome: StepOutput['outcome'], targets: readonly Target[], message: string): StepOutput {
  const left = targets.length - maxTargets;
  return { outcome, targets: targets.slice(0, maxTargets), message: left > 0 ? `${message} (${left} more are not listed)` : message };
}
