/**
 * How the homes of a case are kept. `CASE#<cas_>` / `KEPT`: when the case first asked, of which file system (ARN), and the proof once there is one, TTL beyond the longest grace
 * period. `BACKUP#<fs->` / `LATEST`: the latest backup job of a file system, which all cases follow that were quiet when it began; no TTL, one a
 * file system. Race: two cases start one at once; the row is taken on the condition that it is as it was read, and who loses follows.
 * A dump reveals ids of jobs and recovery points.
 */
import { Kept } from '@gatehouse/contracts/steps/step';
import { get, update } from '@gatehouse/runtime/table';
import * as z from 'zod';

const keepSeconds = 180 * 86_400;
const CaseRow = z.object({ asked_at: z.string(), resource: z.string(), kept: Kept.optional() });
export type CaseRow = z.infer<typeof CaseRow>;
const Latest = z.object({ token: z.string(), started_at: z.string(), job: z.string().optional() });
export type Latest = z.infer<typeof Latest>;

const ofCase = (caseId: string) => ({ pk: `CASE#${caseId}`, sk: 'KEPT' });
const ofSystem = (fileSystem: string) => ({ pk: `BACKUP#${fileSystem}`, sk: 'LATEST' });

/** The first time stands. @param resource undefined where no home is listed any more: then only a row that is there counts. */
export async function asked(table: string, caseId: string, resource: string | undefined, now: number): Promise<CaseRow | undefined> {
  if (resource === undefined) return caseOf(table, caseId);
  const { item } = await update(table, ofCase(caseId), {
    UpdateExpression: 'SET asked_at = if_not_exists(asked_at, :at), #resource = if_not_exists(#resource, :resource), expires_at = :expires',
    ExpressionAttributeNames: { '#resource': 'resource' },
    ExpressionAttributeValues: {
      ':at': new Date(now).toISOString(),
      ':resource': resource,
      ':expires': Math.floor(now / 1000) + keepSeconds,
    },
  });
  return CaseRow.parse(item);
}

export async function rememberKept(table: string, caseId: string, kept: Kept): Promise<void> {
  await update(table, ofCase(caseId), { UpdateExpression: 'SET kept = :kept', ExpressionAttributeValues: { ':kept': kept } });
}

export async function caseOf(table: string, caseId: string): Promise<CaseRow | undefined> {
  const row = await get(table, ofCase(caseId));
  return row && CaseRow.parse(row);
}

export async function latestBackup(table: string, fileSystem: string): Promise<Latest | undefined> {
  const row = await get(table, ofSystem(fileSystem));
  return row && Latest.parse(row);
}

/** Written before the job is asked for. @returns what stands: ours, or that of whoever was faster. */
export async function takeTurn(table: string, fileSystem: string, token: string, before: Latest | undefined, at: string): Promise<Latest> {
  const { item } = await update(table, ofSystem(fileSystem), {
    UpdateExpression: 'SET #token = :token, started_at = :at REMOVE job',
    ConditionExpression: before ? '#token = :before' : 'attribute_not_exists(pk)',
    ExpressionAttributeNames: { '#token': 'token' },
    ExpressionAttributeValues: { ':token': token, ':at': at, ...(before && { ':before': before.token }) },
  });
  return Latest.parse(item);
}

export async function rememberJob(table: string, fileSystem: string, token: string, job: string): Promise<void> {
  await update(table, ofSystem(fileSystem), {
    UpdateExpression: 'SET job = :job',
    ConditionExpression: '#token = :token',
    ExpressionAttributeNames: { '#token': 'token' },
    ExpressionAttributeValues: { ':token': token, ':job': job },
  });
}
