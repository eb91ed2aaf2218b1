/** Hears that an execution ended without having closed it (aborted, timed out, broken, lied to), so that its case does not hold the person's lock for ever, and no leaver is forgotten. */
import { caseStuck } from '@gatehouse/events/case-stuck';
import { onEvent } from '@gatehouse/runtime/event';
import { log } from '@gatehouse/runtime/log';
import { measure } from '@gatehouse/runtime/metric';
import { publish } from '@gatehouse/runtime/publish';
import { transact } from '@gatehouse/runtime/table';
import * as z from 'zod';
import { readCase, readLock, type Stored } from './case.dynamo.ts';
import { caseIdOf } from './case.ts';
import { EndingEnv, endCase } from './end-case.kms.ts';
import { ByFact } from './start.ts';

export const env = EndingEnv;

const Ended = z.object({ executionArn: z.string(), status: z.string(), input: z.string().optional() });

export const handler = onEvent(
  { env, table: ({ TABLE_LIFECYCLE }) => TABLE_LIFECYCLE, consumer: 'hear-ended' },
  async (event, { env, now }) => {
    const { executionArn, status, input } = Ended.parse(event.detail);
    const id = caseIdOf(executionArn);
    const one = await caseOf(env.TABLE_LIFECYCLE, id, executionArn);
    if (!one && status === 'SUCCEEDED')
      return log.info('ending does nothing', { executionArn, reason: 'it left it to a case that was open' });
    if (!one) return tellUnopened(env.TABLE_LIFECYCLE, { id, executionArn, status, fact: factOf(input) }, now);
    if (one.closed_at) return log.info('ending does nothing', { executionArn, reason: 'its case is closed' });
    const message = `The execution ended ${status} before its case was closed, so not everything may be cut. Start the offboarding again: it goes on from what it finds.`;
    await endCase(env, one.id, { status: 'needs_human', message }, now);
  },
);

/** Of a redriven execution, the case that holds the lock: the one before it is closed. */
async function caseOf(table: string, id: string, executionArn: string): Promise<Stored | undefined> {
  const first = await readCase(table, id);
  const lock = first?.closed_at === undefined ? undefined : await readLock(table, first.person);
  const other = lock?.state === 'held' ? await readCase(table, lock.case_id) : undefined;
  return other?.execution_arn === executionArn ? other : first;
}

/** Whoever starts one by hand sees it fail; a leaver whom a fact told of would be forgotten. */
async function tellUnopened(
  table: string,
  ended: { id: string; executionArn: string; status: string; fact: ByFact | undefined },
  now: number,
): Promise<void> {
  const { id, executionArn, status, fact } = ended;
  if (!fact) return log.info('ending does nothing', { executionArn, reason: 'it opened no case, and was started by hand' });
  const message = `The execution ${executionArn} ended ${status} before it could open a case: nothing is cut. Start the offboarding of ${fact.person} by hand.`;
  await transact([publish(table, caseStuck, { person: fact.person, case_id: id, cause: fact.cause, message })]);
  measure([{ dimensions: { kind: 'offboarding' }, values: { CasesStuck: { unit: 'Count', value: 1 } }, properties: { case_id: id } }], now);
}

function factOf(input: string | undefined): ByFact | undefined {
  try {
    return ByFact.safeParse(JSON.parse(input ?? 'null')).data;
  } catch {
    return undefined;
  }
}
