/**
 * The questions that the guard asks, one a wave and act. A dump reveals who decided what and why; a token ends only the wait that it is of.
 *   APPROVAL#<apr_> / APPROVAL       the question and its decisions; gsi1 `APPROVALS` / `<asked_at>#<apr_>`; no TTL: decisions are evidence
 *   APPROVAL#<apr_> / MEMBER#<cas_>  a case that waits for it, with its task's token; TTL a week
 * The race: a case parks while somebody decides. Whoever parks reads the question again afterwards; whoever decides lists who has parked.
 */

import { createHash } from 'node:crypto';
import { encodeId } from '@gatehouse/core/ids';
import { approvalAsked } from '@gatehouse/events/approval-asked';
import { publish } from '@gatehouse/runtime/publish';
import { get, type Item, put, query, transact, update } from '@gatehouse/runtime/table';
import * as z from 'zod';
import type { Question } from './guard.ts';
import { initiatorsOf } from './initiator.dynamo.ts';

const Decision = z.object({ by: z.string(), decision: z.enum(['approve', 'reject']), reason: z.string(), at: z.string() });

export const Approval = z.object({
  id: z.string(),
  wave: z.string(),
  what: z.enum(['cut', 'purge', 'move']),
  state: z.enum(['waiting', 'approved', 'rejected']),
  asked_at: z.string(),
  decide_by: z.string(),
  decisions: z.array(Decision),
  /** Up to which waiting case the decision has been told; absent until it is made. */
  told_to: z.string().optional(),
});
export type Approval = z.infer<typeof Approval>;

const Member = z.object({
  sk: z.string(),
  case_id: z.string(),
  person: z.string(),
  trigger: z.enum(['manual', 'event', 'entitlement']),
  initiator: z.string().optional(),
  task_token: z.string(),
});
export type Member = z.infer<typeof Member>;

const answerMs = 86_400_000;
const keepSeconds = 7 * 86_400;
const key = (id: string) => ({ pk: `APPROVAL#${id}`, sk: 'APPROVAL' });
const memberKey = (id: string, caseId: string) => ({ pk: `APPROVAL#${id}`, sk: `MEMBER#${caseId}` });

/** One question a wave and act: asked twice it is the same. */
export function approvalId(wave: string, what: Approval['what']): string {
  return encodeId(
    'apr',
    createHash('sha256')
      .update(JSON.stringify([wave, what]))
      .digest()
      .subarray(0, 16),
  );
}

export async function readApproval(table: string, id: string): Promise<Approval | undefined> {
  const row = await get(table, key(id));
  return row && Approval.parse(row);
}

/** Newest first, at most 100. */
export async function approvals(table: string): Promise<Approval[]> {
  const rows = await query(table, 'APPROVALS', { index: 'gsi1', descending: true, limit: 100 });
  return rows.map((row) => Approval.parse(row));
}

/** Asks unless it was asked before, and tells the world in the same transaction. */
export async function ask(
  table: string,
  { wave, what, people }: { wave: string; what: Approval['what']; people: number },
  now: number,
): Promise<Approval> {
  const id = approvalId(wave, what);
  const asked_at = new Date(now).toISOString();
  const decide_by = new Date(now + answerMs).toISOString();
  const row: Approval = { id, wave, what, state: 'waiting', asked_at, decide_by, decisions: [] };
  const item = { ...key(id), gsi1pk: 'APPROVALS', gsi1sk: `${asked_at}#${id}`, ...row };
  const { held } = await transact([
    { Put: { TableName: table, Item: item, ConditionExpression: 'attribute_not_exists(pk)' } },
    publish(table, approvalAsked, { approval: id, what, people, decide_by, cause: wave }),
  ]);
  return held ? row : ((await readApproval(table, id)) ?? row);
}

export async function wait(table: string, id: string, member: Omit<Member, 'sk'>, now: number): Promise<void> {
  await put(table, { ...memberKey(id, member.case_id), ...member, expires_at: Math.floor(now / 1000) + keepSeconds });
}

/** With who began each case, as far as that is known by now: CloudTrail may have told since they began to wait. */
export async function subjects(table: string, id: string): Promise<Member[]> {
  const members = await waiting(table, id);
  const unknown = members.filter(({ trigger, initiator }) => trigger === 'manual' && initiator === undefined);
  const told = await initiatorsOf(
    table,
    unknown.map(({ case_id }) => case_id),
  );
  const known = new Map(unknown.map(({ case_id }, index) => [case_id, told[index]?.person]));
  return members.map((member) => {
    const initiator = member.initiator ?? known.get(member.case_id);
    return initiator === undefined ? member : { ...member, initiator };
  });
}

/** In the order of their cases' ids. @param after the `sk` of the last one seen. */
export async function waiting(
  table: string,
  id: string,
  { after, limit }: { after?: string | undefined; limit?: number } = {},
): Promise<Member[]> {
  const rows = await query(table, key(id).pk, { from: after ?? 'MEMBER#', to: 'MEMBER#~', ...(limit && { limit: limit + 1 }) });
  const members = rows.map((row: Item) => Member.parse(row)).filter(({ sk }) => sk !== after);
  return limit ? members.slice(0, limit) : members;
}

/** False: somebody else decided since it was read. */
export async function keepDecision(
  table: string,
  before: Approval,
  { state, decisions }: Pick<Question, 'state' | 'decisions'>,
): Promise<boolean> {
  const { held } = await update(table, key(before.id), {
    UpdateExpression: `SET #state = :state, decisions = :decisions${state === 'waiting' ? '' : ', told_to = :nobody'}`,
    ConditionExpression: '#state = :waiting AND size(decisions) = :before',
    ExpressionAttributeNames: { '#state': 'state' },
    ExpressionAttributeValues: {
      ':state': state,
      ':decisions': decisions,
      ':waiting': 'waiting',
      ':before': before.decisions.length,
      ...(state !== 'waiting' && { ':nobody': 'MEMBER#' }),
    },
  });
  return held;
}

/** Moves the place up to which the decision has been told; the table's stream comes back with it. */
export async function toldTo(table: string, id: string, sk: string): Promise<void> {
  await update(table, key(id), { UpdateExpression: 'SET told_to = :sk', ExpressionAttributeValues: { ':sk': sk } });
}
