/** Hears that an onboarding or a move ended without having closed it (aborted, timed out, broken, lied to), so that it does not hold the person's lock for ever, and no joiner is forgotten. */
import type { JoiningKind } from '@gatehouse/contracts/steps/joining';
import { caseStuck } from '@gatehouse/events/case-stuck';
import { timestamp } from '@gatehouse/runtime/clock';
import { onEvent } from '@gatehouse/runtime/event';
import { log } from '@gatehouse/runtime/log';
import { measure } from '@gatehouse/runtime/metric';
import { publish } from '@gatehouse/runtime/publish';
import { transact } from '@gatehouse/runtime/table';
import * as z from 'zod';
import { caseIdOf } from './case.ts';
import { readJoinStart } from './join-start.ts';
import { closeRow, readJoining } from './joining.dynamo.ts';

export const env = z.object({ TABLE_LIFECYCLE: z.string() });

const Ended = z.object({ executionArn: z.string(), status: z.string(), input: z.string().optional() });

export const handler = onEvent(
  { env, table: ({ TABLE_LIFECYCLE }) => TABLE_LIFECYCLE, consumer: 'hear-joining-ended' },
  async (event, { env, now }) => {
    const { executionArn, status, input } = Ended.parse(event.detail);
    const table = env.TABLE_LIFECYCLE;
    const id = caseIdOf(executionArn);
    const one = await readJoining(table, id);
    if (one?.closed_at) return log.info('ending does nothing', { executionArn, reason: 'it is closed' });
    if (!one && status === 'SUCCEEDED') return log.info('ending does nothing', { executionArn, reason: 'it left it to one that was open' });
    if (!one) {
      // Whoever starts one by hand sees it fail.
      const start = readJoinStart(parsed(input));
      if (!start.ok || !start.value.fact)
        return log.info('ending does nothing', { executionArn, reason: 'it opened nothing, and was started by hand' });
      const { person, cause } = start.value.fact;
      const message = `The execution ${executionArn} ended ${status} before it could begin: nothing was given. Start it for ${person} by hand.`;
      await transact([publish(table, caseStuck, { person, case_id: id, cause, message })]);
      return tellStuck(kindOf(executionArn), id, now);
    }
    const message = `The execution ended ${status} before it was closed. Start the ${one.kind === 'mover' ? 'move' : 'onboarding'} again: it goes on from what it finds.`;
    const fact = publish(table, caseStuck, { person: one.person, case_id: one.id, cause: one.id, message });
    await closeRow(table, one, { status: 'needs_human', message, closed_at: timestamp(now), welcome: undefined }, [fact]);
    tellStuck(one.kind, one.id, now);
  },
);

function tellStuck(kind: JoiningKind, case_id: string, now: number): void {
  measure([{ dimensions: { kind }, values: { CasesStuck: { unit: 'Count', value: 1 } }, properties: { case_id } }], now);
}

/** By the machine's name, in which an execution's ARN is written. */
function kindOf(executionArn: string): JoiningKind {
  return executionArn.split(':').at(-2)?.endsWith('-mover') ? 'mover' : 'onboarding';
}

function parsed(input: string | undefined): unknown {
  try {
    return JSON.parse(input ?? 'null');
  } catch {
    return undefined;
  }
}
