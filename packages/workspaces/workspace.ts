/** What a Coder workspace is to us: how far its latest build has got, whether its agent still answers, and what to do next. Decides, calls nobody. */

import type { StepOutput, Target } from '@gatehouse/contracts/steps/step';
import { idHash } from '@gatehouse/core/id-hash';

export interface Build {
  id: string;
  transition: 'start' | 'stop' | 'delete';
  job: 'pending' | 'running' | 'succeeded' | 'canceling' | 'canceled' | 'failed' | 'unknown';
  /** No provisioner takes the job: it would be pending for ever. */
  unmatched: boolean;
}

export interface Workspace {
  id: string;
  name: string;
  latest: Build;
  /** Any agent of the latest build that Coder still has a connection to. */
  agentConnected: boolean;
}

/** The words of an evidence row. */
export function stateOf({ latest, agentConnected }: Workspace): string {
  const agent = agentConnected ? ', agent connected' : '';
  return `${latest.transition} ${latest.job}${agent}`;
}

/** The data plane shows it: the build took it down, and no agent answers any more. A suspended owner alone shows nothing. */
export function isDown({ latest, agentConnected }: Workspace): boolean {
  return latest.transition !== 'start' && latest.job === 'succeeded' && !agentConnected;
}

export type Next = 'nothing' | 'wait' | 'build' | 'give-up';

/**
 * What brings a workspace to `wanted`. An active build is waited for: Coder refuses a second one (409). A build that failed is tried
 * once more, then a person looks.
 * @param failures how many builds of the wanted transition have failed in a row, up to the latest.
 */
export function next({ latest }: Workspace, wanted: Build['transition'], failures: number): Next {
  const { transition, job } = latest;
  if (job === 'pending' || job === 'running' || job === 'canceling') return 'wait';
  if (job === 'succeeded' && (transition === wanted || transition === 'delete')) return 'nothing';
  return failures >= 2 ? 'give-up' : 'build';
}

export interface Seen {
  kind: 'workspace' | 'account' | 'home' | 'service' | 'recovery-point';
  id: string;
  before: string;
  after: string;
  grade?: Target['grade'];
}

const systems = { workspace: 'coder', account: 'coder', home: 'efs', service: 'ecs', 'recovery-point': 'backup' } as const;
const maxTargets = 50;

/** The answer of a step; more than 50 targets are counted in the message. */
export function report(outcome: StepOutput['outcome'], seen: readonly Seen[], message: string, at: string): StepOutput {
  const targets = seen.slice(0, maxTargets).map(({ kind, id, before, after, grade }) => ({
    system: systems[kind],
    kind,
    id_hash: idHash(id),
    before,
    after,
    at,
    ...(grade && { grade }),
  }));
  return {
    outcome,
    targets,
    message: seen.length > maxTargets ? `${message} (${seen.length} targets, the first ${maxTargets} shown)` : message,
  };
}
