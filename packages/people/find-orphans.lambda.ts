/**
 * Compares what LiteLLM, Anthropic and Coder gave out with who is here: lists what belongs to nobody, tells of it at the second look, and blocks keys where the
 * profile or an admin says so. It concludes nothing while a directory has not been read whole: then everybody would seem to be nobody.
 */
import type { Orphan } from '@gatehouse/contracts/records/orphan';
import { blockOrphan, listKeyHolders, listSeatHolders, listWorkspaceHolders } from '@gatehouse/contracts/steps/orphans';
import { PeopleConfig } from '@gatehouse/core/people-profile';
import { callStep } from '@gatehouse/runtime/call';
import { now as clock, pause } from '@gatehouse/runtime/clock';
import { json, readEnv } from '@gatehouse/runtime/environment';
import { log } from '@gatehouse/runtime/log';
import { measure } from '@gatehouse/runtime/metric';
import * as z from 'zod';
import { everyOrphan, forget, markBlocked, see, tellOrphan } from './orphan.dynamo.ts';
import { isSure, Roll, reasonOf, sentence } from './orphans.ts';
import { everyPerson } from './person.dynamo.ts';
import { lastSwept } from './swept.dynamo.ts';

export const env = z.object({
  TABLE_PEOPLE: z.string(),
  CONFIG: json(PeopleConfig),
  STEP_LIST_KEY_HOLDERS_ARN: z.string(),
  STEP_LIST_SEAT_HOLDERS_ARN: z.string(),
  STEP_LIST_WORKSPACE_HOLDERS_ARN: z.string(),
  STEP_BLOCK_ORPHAN_ARN: z.string(),
});
type Env = z.infer<typeof env>;

/** A directory that has not been read whole for longer cannot say who is nobody. */
const freshMs = 6 * 3_600_000;
/** For a system that asks for less. */
const waitMs = 10_000;
const maxWaits = 20;
const maxPages = 2_000;

export async function handler(): Promise<void> {
  const reached = readEnv(env);
  const { TABLE_PEOPLE: table, CONFIG } = reached;
  const now = clock();
  for (const { issuer } of CONFIG.directory) {
    const at = await lastSwept(table, issuer);
    if (at === undefined || now - at > freshMs)
      return log.warn('orphans are not looked for: a directory was not read whole lately', { issuer });
  }
  const roll = new Roll();
  for await (const person of everyPerson(table)) roll.add(person);
  const ignored = new Set(CONFIG.orphans.ignore.map((name) => name.toLowerCase()));
  const before = new Map((await everyOrphan(table)).map((one) => [one.id, one]));
  const seen: Orphan[] = [];
  const listed = new Set<string>();
  for (const { systems, contract, arn } of lists(reached)) {
    try {
      for (let cursor: string | undefined, page = 1; ; page++) {
        if (page > maxPages) throw new Error(`${contract.name} did not end after ${maxPages} pages`);
        const { holders, next } = await patiently(() => callStep(contract, arn, { cursor }));
        for (const holder of holders) {
          if (holder.kind === 'seat') roll.alias(holder.ref, holder.names);
          const reason = reasonOf(holder, roll, ignored);
          if (reason) seen.push(await see(table, holder, reason, now));
        }
        if (next === undefined) break;
        cursor = next;
      }
      for (const system of systems) listed.add(system);
    } catch (error) {
      log.warn('orphans are not looked for everywhere', { step: contract.name, error: error as Error });
    }
  }
  for (const one of seen) if (one.told_at === undefined && isSure(one, now)) await tellOrphan(table, one, now);
  // Has an owner again, is gone or is dead. What was blocked, or is to be kept, stays to be seen.
  const still = new Set(seen.map(({ id }) => id));
  for (const one of before.values())
    if (!still.has(one.id) && listed.has(one.system) && one.decision === undefined && one.blocked_at === undefined)
      await forget(table, one.id);
  await carryOut(
    reached,
    (await everyOrphan(table)).filter(({ id }) => still.has(id)),
    now,
  );
}

function lists({ STEP_LIST_KEY_HOLDERS_ARN, STEP_LIST_SEAT_HOLDERS_ARN, STEP_LIST_WORKSPACE_HOLDERS_ARN }: Env) {
  return [
    { systems: ['litellm'], contract: listKeyHolders, arn: STEP_LIST_KEY_HOLDERS_ARN },
    { systems: ['anthropic'], contract: listSeatHolders, arn: STEP_LIST_SEAT_HOLDERS_ARN },
    { systems: ['coder'], contract: listWorkspaceHolders, arn: STEP_LIST_WORKSPACE_HOLDERS_ARN },
  ];
}

async function carryOut(
  { TABLE_PEOPLE: table, CONFIG, STEP_BLOCK_ORPHAN_ARN: arn }: Env,
  orphans: readonly Orphan[],
  now: number,
): Promise<void> {
  const { block, held } = sentence(orphans, CONFIG.orphans, now);
  const blocked = new Set<string>();
  for (const { id, kind, ref } of block) {
    if (kind !== 'virtual-key' && kind !== 'api-key') continue;
    const { outcome } = await patiently(() => callStep(blockOrphan, arn, { orphan: id, kind, ref }));
    await markBlocked(table, id, now);
    blocked.add(id);
    log.info('orphan blocked', { orphan: id, kind, outcome });
  }
  if (held.length > 0) log.warn('more orphans than may be blocked at once: an admin decides', { count: held.length });
  const open = orphans.filter(({ id, told_at: told, decision }) => told !== undefined && decision !== 'keep' && !blocked.has(id));
  measure([{ dimensions: {}, sets: [[]], values: { Orphans: { unit: 'Count', value: open.length } } }], now);
  log.info('orphans looked for', { open: open.length, blocked: blocked.size, held: held.length });
}

async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let waits = 0; ; waits++)
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'Throttled' || waits === maxWaits) throw error;
      await pause(waitMs);
    }
}
