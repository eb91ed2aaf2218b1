/**
 * Rollouts. A dump reveals who has a workspace and how its builds went.
 *   ROLLOUT#<rol_> / ROLLOUT            how it stands; gsi1 `ROLLOUTS` / `<started_at>#<rol_>`; no TTL
 *   ROLLOUT#<rol_> / WORKSPACE#<uuid>   one workspace that was stale when it began; no TTL
 *   ROLLOUT-LOCK#<template> / LOCK      the one that is open: `rollout`, `state` held or free; no TTL
 * The race: two starts for one template, or a word of an admin while a step runs. Conditions decide; the step reads the word with each look.
 */
import { get, put, query, transact, update } from '@gatehouse/runtime/table';
import * as z from 'zod';
import { Due, Rollout } from './rollout.ts';

const Lock = z.object({ rollout: z.string(), state: z.enum(['held', 'free']) });
const key = (id: string) => ({ pk: `ROLLOUT#${id}`, sk: 'ROLLOUT' });
const dueKey = (id: string, workspace: string) => ({ pk: `ROLLOUT#${id}`, sk: `WORKSPACE#${workspace}` });
const lockKey = (template: string) => ({ pk: `ROLLOUT-LOCK#${template}`, sk: 'LOCK' });

export async function readRollout(table: string, id: string): Promise<Rollout | undefined> {
  const row = await get(table, key(id));
  return row && Rollout.parse(row);
}

/** Newest first, at most 50. */
export async function rollouts(table: string): Promise<Rollout[]> {
  const rows = await query(table, 'ROLLOUTS', { index: 'gsi1', descending: true, limit: 50 });
  return rows.map((row) => Rollout.parse(row));
}

export async function openOf(table: string, template: string): Promise<string | undefined> {
  const row = await get(table, lockKey(template));
  const lock = row && Lock.parse(row);
  return lock?.state === 'held' ? lock.rollout : undefined;
}

/** False: another one is open for the template, or this very one is there already. */
export async function begin(table: string, rollout: Rollout): Promise<boolean> {
  const row = { ...key(rollout.id), gsi1pk: 'ROLLOUTS', gsi1sk: `${rollout.started_at}#${rollout.id}`, ...rollout };
  const { held } = await transact([
    { Put: { TableName: table, Item: row, ConditionExpression: 'attribute_not_exists(pk)' } },
    {
      Put: {
        TableName: table,
        Item: { ...lockKey(rollout.template), rollout: rollout.id, state: 'held' },
        ConditionExpression: 'attribute_not_exists(pk) OR #state = :free',
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: { ':free': 'free' },
      },
    },
  ]);
  return held;
}

export async function writeDue(table: string, id: string, due: Due): Promise<void> {
  await put(table, { ...dueKey(id, due.workspace), ...due });
}

export async function dueOf(table: string, id: string): Promise<Due[]> {
  return (await query(table, key(id).pk, { prefix: 'WORKSPACE#' })).map((row) => Due.parse(row));
}

/** False: it is closed. */
export async function wish(table: string, id: string, wanted: Rollout['wish'], message: string): Promise<boolean> {
  const { held } = await update(table, key(id), {
    UpdateExpression: 'SET wish = :wish, #status = :status, message = :message',
    ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(closed_at)',
    ExpressionAttributeNames: { '#status': 'status' },
    ExpressionAttributeValues: { ':wish': wanted, ':status': wanted === 'pause' ? 'paused' : 'open', ':message': message },
  });
  return held;
}

/** False: it is closed already. */
export async function end(
  table: string,
  { id, template }: Rollout,
  { status, message, at }: { status: Rollout['status']; message: string; at: string },
): Promise<boolean> {
  const { held } = await transact([
    {
      Update: {
        TableName: table,
        Key: key(id),
        UpdateExpression: 'SET #status = :status, message = :message, closed_at = :at',
        ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(closed_at)',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: { ':status': status, ':message': message, ':at': at },
      },
    },
    { Put: { TableName: table, Item: { ...lockKey(template), rollout: id, state: 'free' } } },
  ]);
  return held;
}
