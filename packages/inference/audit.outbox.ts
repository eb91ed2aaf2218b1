/** Writes down that a request was refused: log, metric, and the fact through the outbox. The refusal stands whether or not the fact can be written. */
import { requestRefused } from '@gatehouse/events/request-refused';
import { now } from '@gatehouse/runtime/clock';
import { log } from '@gatehouse/runtime/log';
import { publish } from '@gatehouse/runtime/publish';
import { transact } from '@gatehouse/runtime/table';
import { factId, toldOf } from './audit.ts';
import type { Refusal } from './refusal.ts';
import { tellRefused } from './tell.emf.ts';

export interface Whose {
  person: string;
  route: string;
  requestId: string;
}

/** @param table of inference. */
export async function noteRefusal(table: string, refusal: Refusal, { person, route, requestId }: Whose): Promise<void> {
  const at = now();
  tellRefused(refusal, person, at);
  log.info('refused', { route, refusal: summary(refusal), person, request_id: requestId });
  const told = toldOf(refusal);
  if (!told) return;
  try {
    await transact([
      publish(table, requestRefused, { id: factId(person, told, at), person, request_id: requestId.slice(0, 200), ...told }),
    ]);
  } catch (error) {
    log.error('a refusal is not told', { error: error as Error, reason: refusal.reason, person });
  }
}

/** For the log: never what a prompt held. */
function summary(refusal: Refusal): Record<string, unknown> {
  if (refusal.reason === 'guarded')
    return {
      reason: refusal.reason,
      findings: refusal.findings.map(({ kinds, ...finding }) => ({ ...finding, kinds: Object.fromEntries(kinds) })),
    };
  if (!('limit' in refusal)) return { ...refusal };
  const { budget, usedMicros, heldMicros, source } = refusal.limit;
  return { reason: refusal.reason, ...budget, used_micros: usedMicros, held_micros: heldMicros, source };
}
