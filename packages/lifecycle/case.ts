/** What a case is made of: where its id comes from, and which status and which row each phase leads to. Decides, stores nothing. */
import { createHash } from 'node:crypto';
import type { Case, CaseStatus } from '@gatehouse/contracts/records/case';
import type { Phase } from '@gatehouse/contracts/steps/lifecycle';
import { CaseId, encodeId } from '@gatehouse/core/ids';

/** The execution's name when it is a case's id (all that Gatehouse starts itself), else an id made from the ARN: the same run is the same case. */
export function caseIdOf(executionArn: string): string {
  const name = executionArn.slice(executionArn.lastIndexOf(':') + 1);
  return CaseId.safeParse(name).success ? name : idFrom(executionArn);
}

/** The same words are the same case, and the same execution: what comes twice is told by its name. */
export function idFrom(...words: readonly (string | number)[]): string {
  return encodeId('cas', createHash('sha256').update(JSON.stringify(words)).digest().subarray(0, 16));
}

/** Where a phase takes a case. Undefined: it stays. */
export function statusAfter(phase: Phase, dryRun: boolean): CaseStatus | undefined {
  switch (phase) {
    case 'planned':
      return dryRun ? undefined : 'cutting';
    case 'restored':
      return undefined;
    case 'cut':
      return 'cut';
    case 'proven':
      return 'proven';
    case 'unproven':
      return 'needs_human';
    case 'purging':
    case 'purged':
    case 'gone':
      return 'purging';
  }
}

/** The public row of a case. */
export function show({
  id,
  person,
  status,
  trigger,
  started_at,
  cut_at,
  proven_at,
  execution_arn,
  ...rest
}: Case): Record<string, unknown> {
  const { reason, ticket, dry_run, hold, closed_at, message } = rest;
  return { id, person, status, trigger, started_at, cut_at, proven_at, execution_arn, reason, ticket, dry_run, hold, closed_at, message };
}
