/** Weighs the answers of the steps of one phase: what was touched, and how well each kind's death is shown. An attested proof never counts as probed. */
import type { StepOutput } from '@gatehouse/contracts/steps/step';

export interface StepResult {
  step: string;
  result: StepOutput;
}

export type Grade = 'probed' | 'observed' | 'attested';

/** Weakest first. */
const grades: readonly Grade[] = ['attested', 'observed', 'probed'];

/** The weakest grade of each probe that had something to probe, by what it probed: `probe-sessions` -> `sessions`. */
export function gradesOf(results: readonly StepResult[]): Record<string, Grade> {
  const found: Record<string, Grade> = {};
  for (const { step, result } of results) {
    const held = result.targets.map(({ grade }) => grade);
    const weakest = grades.find((grade) => held.includes(grade));
    if (weakest) found[step.replace(/^probe-/, '')] = weakest;
  }
  return found;
}

/** What keeps these results from being a proof, if anything. */
export function flawOf(results: readonly StepResult[]): string | undefined {
  const open = results.filter(({ result }) => result.outcome !== 'done' && result.outcome !== 'nothing_to_do');
  if (open.length > 0) return open.map(({ step, result }) => `${step}: ${result.message}`).join('; ');
  const bare = results.filter(({ result }) => result.outcome === 'done' && result.targets.some(({ grade }) => grade === undefined));
  return bare.length > 0 ? bare.map(({ step }) => `${step} names a target without a grade`).join('; ') : undefined;
}

export function countTargets(results: readonly StepResult[]): number {
  return results.reduce((sum, { result }) => sum + result.targets.length, 0);
}
