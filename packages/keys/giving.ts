/** The answers of steps that give and take back by name, in the words of their contract. Decides, calls nobody. */
import type { Person } from '@gatehouse/contracts/records/person';
import type { Given, GrantOutput } from '@gatehouse/contracts/steps/grant';

export function given(
  outcome: GrantOutput['outcome'],
  states: readonly Given[],
  targets: GrantOutput['targets'],
  message: string,
  waitSeconds?: number,
): GrantOutput {
  return {
    outcome,
    targets: targets.slice(0, 50),
    message,
    given: [...states],
    ...(waitSeconds !== undefined && { wait_seconds: waitSeconds }),
  };
}

/** Whoever left since the case looked, or left and came back, is another case's. */
export function isTheirTurn({ status, generation }: Person, wanted: { generation: number }): boolean {
  return status === 'active' && generation === wanted.generation;
}

export const notTheirTurn = 'They are no longer here, or have left and come back since: nothing was given';
