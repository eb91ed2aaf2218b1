/**
 * Each hour: one signed root over every packet that no root holds yet, chained to the root before. An hour without packets has its root too: a
 * missing one is a gap that anybody sees. Lays down packets that are not in S3 by then.
 */
import { rootOver } from '@gatehouse/core/evidence/root';
import { now, timestamp } from '@gatehouse/runtime/clock';
import { readEnv } from '@gatehouse/runtime/environment';
import { log } from '@gatehouse/runtime/log';
import * as z from 'zod';
import { KeepingEnv, keepPacket } from './keep-packet.s3.ts';
import { type Head, keepRoot, markRooted, readHead, unrooted } from './kept.dynamo.ts';
import { putRoot, readRoot } from './kept.s3.ts';
import { sign } from './seal.kms.ts';

export const env = KeepingEnv.extend({ KEY_EVIDENCE_ARN: z.string() });
type Env = z.infer<typeof env>;

/** A root is one object that an API can answer with. */
const maxPackets = 1_000;
const maxRoots = 5;

/** Throws Unavailable, Throttled: the schedule tries again. */
export async function handler(): Promise<void> {
  const env_ = readEnv(env);
  const table = env_.TABLE_LIFECYCLE;
  let before = await readHead(table);
  if (before && !before.marked) await markRooted(table, await readRoot(env_.BUCKET_EVIDENCE, before.number));
  for (let made = 1; made <= maxRoots; made++) {
    const packets = await makeRoot(env_, before);
    if (packets < maxPackets) return;
    before = await readHead(table);
  }
}

/** @returns how many packets it holds. */
async function makeRoot(env: Env, before: Head | undefined): Promise<number> {
  const { TABLE_LIFECYCLE: table, BUCKET_EVIDENCE: bucket, KEY_EVIDENCE_ARN: keyArn, CONFIG } = env;
  const at = now();
  const waiting = await unrooted(table, maxPackets);
  const late = waiting.filter(({ object }) => object === undefined);
  for (const { case_id } of late) await keepPacket(env, case_id);
  const leaves = waiting.map(({ case_id, head }) => ({ case: case_id, head }));
  const bare = rootOver(before, leaves, timestamp(at), keyArn);
  const root = await putRoot({ bucket, retention: CONFIG.evidence }, { ...bare, ...(await sign(keyArn, bare.hash)) });
  // Not held: another run is ahead, and marks what it made.
  if (await keepRoot(table, root)) await markRooted(table, root);
  log.info('root made', { number: root.number, packets: root.packets.length, late: late.length });
  return root.packets.length;
}
