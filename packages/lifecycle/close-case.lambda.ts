/** Ends a case: signs its chain, lets go of the person's lock, and starts what came for them meanwhile. */
import { closeCase } from '@gatehouse/contracts/steps/lifecycle';
import { caseStuck } from '@gatehouse/events/case-stuck';
import { startMachine } from '@gatehouse/runtime/call';
import { timestamp } from '@gatehouse/runtime/clock';
import { Misconfigured, Throttled } from '@gatehouse/runtime/fault';
import { measure } from '@gatehouse/runtime/metric';
import { publish } from '@gatehouse/runtime/publish';
import { onStep } from '@gatehouse/runtime/step';
import { z } from 'zod';
import { close, readCase, readChain, readLock, type Stored } from './case.dynamo.ts';
import { idFrom } from './case.ts';
import { closeOn, hashOpening } from './chain.ts';
import { unpark } from './grace.dynamo.ts';
import { openingOf } from './packet.ts';
import { seal } from './seal.kms.ts';

export const env = z.object({ TABLE_LIFECYCLE: z.string(), KEY_EVIDENCE_ARN: z.string(), MACHINE_OFFBOARDING_ARN: z.string() });

const maxRaces = 5;

export const handler = onStep(closeCase, env, async ({ case_id, person, status, message }, { env, now }) => {
  const { TABLE_LIFECYCLE: table, KEY_EVIDENCE_ARN: keyArn } = env;
  for (let race = 1; race <= maxRaces; race++) {
    const one = await readCase(table, case_id);
    if (!one) throw new Misconfigured(`Case ${case_id} does not exist`);
    if (one.closed_at) {
      await follow(env.MACHINE_OFFBOARDING_ARN, one);
      return { status: one.status, message: one.message ?? message };
    }
    const chain = await readChain(table, case_id);
    const lock = await readLock(table, person);
    const before = chain.at(-1)?.hash ?? hashOpening(openingOf(one));
    const closing = closeOn(before, case_id, { status, message, closed_at: timestamp(now), key_arn: keyArn });
    const others = one.dry_run ? [] : [unpark(table, person)];
    if (status === 'needs_human') others.push(publish(table, caseStuck, { person, case_id, cause: case_id, message }));
    // Closed or overtaken, the next round sees which.
    const closed = await close(table, one, lock, await seal(keyArn, closing), others);
    if (closed && status === 'needs_human')
      measure([{ dimensions: { kind: one.kind }, values: { CasesStuck: { unit: 'Count', value: 1 } }, properties: { case_id } }], now);
  }
  throw new Throttled(`Case ${case_id} was written by others five times while it was being closed`);
});

/** Whoever left again while this case gave their access back gets a case of their own, under a name that is made once. */
async function follow(machineArn: string, { id, status, follow_up }: Stored): Promise<void> {
  if (follow_up && status === 'cancelled') await startMachine(machineArn, idFrom('after', id, follow_up.cause), follow_up);
}
