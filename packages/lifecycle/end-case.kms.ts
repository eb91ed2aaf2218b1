/**
 * Ends a case: signs its chain, lets go of the person's lock, and starts what came for them meanwhile. Keyed by the case: ended twice is ended once.
 * The race: a link, or word left with the lock, arrives while it signs. Then nothing of the ending is written, and it reads again.
 */
import type { CaseStatus } from '@gatehouse/contracts/records/case';
import { type Closing, closeOn, hashOpening } from '@gatehouse/core/evidence/chain';
import { openingOf } from '@gatehouse/core/evidence/packet';
import { caseStuck } from '@gatehouse/events/case-stuck';
import { evidenceSealed } from '@gatehouse/events/evidence-sealed';
import { startMachine } from '@gatehouse/runtime/call';
import { timestamp } from '@gatehouse/runtime/clock';
import { Misconfigured, Throttled } from '@gatehouse/runtime/fault';
import { measure } from '@gatehouse/runtime/metric';
import { publish } from '@gatehouse/runtime/publish';
import type { Write } from '@gatehouse/runtime/table';
import * as z from 'zod';
import { close, readCase, readChain, readLock, type Stored } from './case.dynamo.ts';
import { idFrom } from './case.ts';
import { unpark } from './grace.dynamo.ts';
import { initiatorOf } from './initiator.dynamo.ts';
import { keeping } from './kept.dynamo.ts';
import { sign } from './seal.kms.ts';

export const EndingEnv = z.object({ TABLE_LIFECYCLE: z.string(), KEY_EVIDENCE_ARN: z.string(), MACHINE_OFFBOARDING_ARN: z.string() });

export interface Ending {
  status: CaseStatus;
  message: string;
}

const maxRaces = 5;

/** @returns how the case stands closed, which may be by an earlier ending. */
export async function endCase(env: z.infer<typeof EndingEnv>, id: string, { status, message }: Ending, now: number): Promise<Ending> {
  const { TABLE_LIFECYCLE: table, KEY_EVIDENCE_ARN: keyArn } = env;
  for (let race = 1; race <= maxRaces; race++) {
    const one = await readCase(table, id);
    if (!one) throw new Misconfigured(`Case ${id} does not exist`);
    if (one.closed_at) {
      await follow(env.MACHINE_OFFBOARDING_ARN, one);
      return { status: one.status, message: one.message ?? message };
    }
    const chain = await readChain(table, id);
    const lock = await readLock(table, one.person);
    const before = chain.at(-1)?.hash ?? hashOpening(openingOf(one));
    const initiator = await initiatorOf(table, id);
    const closing = closeOn(before, id, { status, message, closed_at: timestamp(now), ...(initiator && { initiator }), key_arn: keyArn });
    const others = one.dry_run ? [] : [unpark(table, one.person), ...kept(table, one, closing)];
    if (status === 'needs_human') others.push(publish(table, caseStuck, { person: one.person, case_id: id, cause: id, message }));
    // Closed or overtaken, the next round sees which.
    const closed = await close(table, one, lock, { closing, ...(await sign(keyArn, closing.hash)) }, others);
    if (closed && status === 'needs_human')
      measure([{ dimensions: { kind: one.kind }, values: { CasesStuck: { unit: 'Count', value: 1 } }, properties: { case_id: id } }], now);
  }
  throw new Throttled(`Case ${id} was written by others five times while it was being closed`);
}

/** A dry run is no evidence of a leaver. */
function kept(table: string, { id, person }: Stored, { status, hash: head, closed_at }: Closing): Write[] {
  const sealed = publish(table, evidenceSealed, { person, case_id: id, status, head, cause: id });
  return [...keeping(table, { case_id: id, person, status, head, closed_at }), sealed];
}

/** Whoever left again while this case gave their access back gets a case of their own, under a name that is made once. */
async function follow(machineArn: string, { id, status, follow_up }: Stored): Promise<void> {
  if (follow_up && (status === 'cancelled' || status === 'needs_human'))
    await startMachine(machineArn, idFrom('after', id, follow_up.cause), follow_up);
}
