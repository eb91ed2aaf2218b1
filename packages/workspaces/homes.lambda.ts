/** The steps over one person's homes: find, back up, purge. Nothing is deleted but what this very case has a recovery point of, read back right before. */
import { backUpHome, findHomes, purgeHome } from '@gatehouse/contracts/steps/homes';
import type { StepOutput } from '@gatehouse/contracts/steps/step';
import type { HomesConfig } from '@gatehouse/core/homes-profile';
import { now, timestamp } from '@gatehouse/runtime/clock';
import { onStep } from '@gatehouse/runtime/step';
import { deleteHome } from './access-points.efs.ts';
import { jobOf, recoveryPointOf, startBackup } from './backups.aws.ts';
import { firstFound, found } from './case-target.dynamo.ts';
import { jobVerdict, pointTrouble, pointVerdict, type Verdict } from './home-backup.ts';
import { asked, type CaseRow, caseOf, type Latest, latestBackup, rememberJob, rememberKept, takeTurn } from './kept-home.dynamo.ts';
import { notYet, tell } from './scene.coder.ts';
import { env, noHomes, type Scene, sceneOf } from './scene.homes.ts';
import type { Seen } from './workspace.ts';

export { env } from './scene.homes.ts';

const deletingSeconds = 15;

export const find = onStep(findHomes, env, async ({ person, case_id }, { env }) => {
  const scene = await sceneOf(env, person, case_id);
  if (!scene) return noHomes();
  if (scene.listed.length === 0) return tell('nothing_to_do', [], `No access point names them in its tag ${scene.homes.owner_tag}`);
  return tell('done', scene.listed.map(untouched), `${scene.listed.length} homes found`);
});

export const backUp = onStep(backUpHome, env, async ({ person, case_id, dry_run, quiet_since }, { env }): Promise<StepOutput> => {
  const scene = await sceneOf(env, person, case_id, { id: case_id, kind: backUpHome.name }).catch((error) => notYet(error, {}));
  if (!scene) return noHomes();
  if ('outcome' in scene) return scene;
  const { listed, table, homes, workspaces } = scene;
  if (dry_run) return tell('done', listed.map(untouched), `${listed.length} homes would be backed up`);
  for (const { id, state } of listed) await firstFound(table, case_id, { kind: 'home', id, state }, now());
  const mine = await found(table, case_id, 'home');
  if (mine.size === 0 && workspaces.length > 0)
    return tell(
      'needs_human',
      [],
      `Coder shows ${workspaces.length} workspaces of theirs, and no access point of ${homes.file_system} has their id in its tag ${homes.owner_tag}: tag it, in Coder's template too, or take workspaces.homes out of the profile`,
    );
  if (mine.size === 0) return tell('nothing_to_do', [], `No access point names them in its tag ${homes.owner_tag}`);

  const row = await asked(table, case_id, listed[0]?.resource, now());
  if (!row) return tell('needs_human', [], `${mine.size} homes were deleted by others before they were backed up`);
  const verdict = await follow(scene, row, case_id, Date.parse(quiet_since));
  const seen: Seen[] = [...mine].map(([id, before]) => ({ kind: 'home', id, before, after: before }));
  switch (verdict.word) {
    case 'under way':
      return { ...tell('not_yet', seen, 'The home is being backed up'), wait_seconds: verdict.waitSeconds };
    case 'failed':
      return tell('needs_human', seen, `The home is not backed up, and stays: ${verdict.why}`);
    case 'kept': {
      const { kept } = verdict;
      await rememberKept(table, case_id, kept);
      const point: Seen = { kind: 'recovery-point', id: kept.recovery_point, before: 'none', after: 'completed', grade: 'attested' };
      const message = `${mine.size} homes are in a recovery point of ${homes.file_system}, completed at ${kept.completed_at}`;
      return { ...tell('done', [...seen, point], message), kept };
    }
  }
});

/**
 * One job serves all cases that were quiet when it began: a thousand leavers of one file system need one backup of it. A failed job that began
 * before this case asked is another case's trouble, and this one tries once for itself.
 * @param quietSinceMs nobody has written to the home since.
 */
async function follow({ homes, table }: Scene, { asked_at, resource }: CaseRow, caseId: string, quietSinceMs: number): Promise<Verdict> {
  const look = ({ token, job }: Latest) => lookAt({ homes, table, resource, quietSinceMs }, token, job);
  let turn = await latestBackup(table, homes.file_system);
  if (!turn || Date.parse(turn.started_at) < quietSinceMs) turn = await takeTurn(table, homes.file_system, caseId, turn, timestamp());
  const verdict = await look(turn);
  if (verdict.word !== 'failed' || turn.token === caseId || turn.started_at >= asked_at) return verdict;
  return look(await takeTurn(table, homes.file_system, caseId, turn, timestamp()));
}

interface Looking extends Pick<Scene, 'homes' | 'table'> {
  /** ARN of the file system. */
  resource: string;
  quietSinceMs: number;
}

async function lookAt({ homes, table, resource, quietSinceMs }: Looking, token: string, known: string | undefined): Promise<Verdict> {
  const id = known ?? (await startBackup(homes, resource, token));
  if (known === undefined) await rememberJob(table, homes.file_system, token, id);
  const job = await jobOf(id);
  const verdict = jobVerdict(job, resource, quietSinceMs, now());
  if (verdict.word !== 'ended') return verdict;
  return pointVerdict(job, await recoveryPointOf(homes, verdict.recoveryPoint), homes.keep_days, now());
}

export const purge = onStep(purgeHome, env, async ({ person, case_id, dry_run }, { env }): Promise<StepOutput> => {
  const scene = await sceneOf(env, person, case_id, { id: case_id, kind: purgeHome.name }).catch((error) => notYet(error, {}));
  if (!scene) return noHomes();
  if ('outcome' in scene) return scene;
  const { listed, table, homes } = scene;
  if (dry_run) return tell('done', listed.map(untouched), `${listed.length} homes would be deleted`);
  const mine = await found(table, case_id, 'home');
  if (mine.size === 0 && listed.length === 0) return tell('nothing_to_do', [], 'There is no home');
  const strangers = listed.filter(({ id }) => !mine.has(id));
  if (strangers.length > 0)
    return tell(
      'needs_human',
      strangers.map(untouched),
      `${strangers.length} homes appeared after the backup: start the offboarding again`,
    );
  const trouble = await unproven(await caseOf(table, case_id), homes);
  if (trouble) return tell('needs_human', listed.map(untouched), `The home stays: ${trouble}`);
  for (const { id } of listed) await deleteHome(id);
  const left = new Set(listed.map(({ id }) => id));
  const seen: Seen[] = [...mine].map(([id, before]) => ({
    kind: 'home',
    id,
    before,
    ...(left.has(id) ? { after: 'deleting' } : { after: 'deleted', grade: 'attested' as const }),
  }));
  return left.size > 0
    ? { ...tell('not_yet', seen, `${left.size} access points are being deleted`), wait_seconds: deletingSeconds }
    : tell('done', seen, `${mine.size} access points are gone from ${homes.file_system}; recovery point kept in ${homes.vault}`);
});

/** Why nothing may be deleted. Read again now: what was kept may have been deleted by others since. */
async function unproven(row: CaseRow | undefined, homes: HomesConfig): Promise<string | undefined> {
  if (!row?.kept) return 'this case has no recovery point of it';
  const point = await recoveryPointOf(homes, row.kept.recovery_point);
  return point ? pointTrouble(point, row.resource, now()) : `recovery point ${row.kept.recovery_point} is not there any more`;
}

function untouched({ id, state }: Scene['listed'][number]): Seen {
  return { kind: 'home', id, before: state, after: state };
}
