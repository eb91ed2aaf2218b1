/**
 * How each account, workspace and home of a case was first found: `CASE#<cas_>` / `ACCOUNT#<id>`, `WORKSPACE#<id>` or `HOME#<id>`, written before it is touched;
 * TTL beyond the longest grace period. Steps look once and come again, and Coder lists nothing that is deleted: what was touched is known from
 * here. A dump reveals ids of Coder and EFS, no name and no token.
 */
import { query, update } from '@gatehouse/runtime/table';
import * as z from 'zod';

const Row = z.object({ sk: z.string(), before: z.string() });
const keepSeconds = 180 * 86_400;

export type TargetKind = 'account' | 'workspace' | 'home';

/** The first word on it stands. @returns how it was first found. */
export async function firstFound(
  table: string,
  caseId: string,
  { kind, id, state }: { kind: TargetKind; id: string; state: string },
  now: number,
): Promise<string> {
  const { item } = await update(table, keyOf(caseId, kind, id), {
    UpdateExpression: 'SET #before = if_not_exists(#before, :state), expires_at = :expires',
    ExpressionAttributeNames: { '#before': 'before' },
    ExpressionAttributeValues: { ':state': state, ':expires': Math.floor(now / 1000) + keepSeconds },
  });
  return Row.shape.before.parse(item?.before);
}

/** Coder's ids of the workspaces that this case has found so far, with how they were. */
export function workspacesFound(table: string, caseId: string): Promise<Map<string, string>> {
  return found(table, caseId, 'workspace');
}

/** Ids of the targets of one kind that this case has found so far, with how they were. */
export async function found(table: string, caseId: string, kind: TargetKind): Promise<Map<string, string>> {
  const prefix = keyOf(caseId, kind, '').sk;
  const rows = await query(table, keyOf(caseId, kind, '').pk, { prefix });
  return new Map(rows.map((row) => Row.parse(row)).map(({ sk, before }) => [sk.slice(prefix.length), before]));
}

function keyOf(caseId: string, kind: TargetKind, id: string) {
  return { pk: `CASE#${caseId}`, sk: `${kind.toUpperCase()}#${id}` };
}
