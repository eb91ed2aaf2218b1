/** Lays one sealed packet down and notes where. Laid down twice is laid down once. */

import { packetOf } from '@gatehouse/core/evidence/packet';
import { EvidencePart } from '@gatehouse/core/evidence-profile';
import { json } from '@gatehouse/runtime/environment';
import { Misconfigured } from '@gatehouse/runtime/fault';
import * as z from 'zod';
import { readCase, readChain, readSeal } from './case.dynamo.ts';
import { noteObject } from './kept.dynamo.ts';
import { putPacket } from './kept.s3.ts';

export const KeepingEnv = z.object({ TABLE_LIFECYCLE: z.string(), BUCKET_EVIDENCE: z.string(), CONFIG: json(EvidencePart) });
type Env = z.infer<typeof KeepingEnv>;

export async function keepPacket({ TABLE_LIFECYCLE: table, BUCKET_EVIDENCE: bucket, CONFIG }: Env, caseId: string): Promise<void> {
  const [one, chain, seal] = await Promise.all([readCase(table, caseId), readChain(table, caseId), readSeal(table, caseId)]);
  if (!one || !seal) throw new Misconfigured(`Case ${caseId} is said to be sealed, and is not`);
  const packet = packetOf(one, chain, seal);
  const { object, locked_until } = await putPacket({ bucket, retention: CONFIG.evidence }, packet, seal.closing.closed_at);
  await noteObject(table, caseId, object, locked_until);
}
