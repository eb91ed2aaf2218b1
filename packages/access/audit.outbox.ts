/** Writes down what happened at the token endpoint: log, metric, and the fact through the outbox. A refusal's fact is of the same call; losing the table loses the answer too. */

import { signInRefused } from '@gatehouse/events/sign-in-refused';
import { log } from '@gatehouse/runtime/log';
import { measure } from '@gatehouse/runtime/metric';
import { publish } from '@gatehouse/runtime/publish';
import { transact } from '@gatehouse/runtime/table';
import { type Grant, issuedRow, refusedFact, refusedRows } from './audit.ts';
import type { SignInRefusal } from './refusal.ts';
import type { Family } from './rows.ts';

export function tellIssued(grant: Grant, family: Family, request: { sourceIp: string; requestId: string }, nowMs: number): void {
  const { person, session, id, step, client } = family;
  log.info('token issued', {
    grant,
    person,
    session,
    family: id,
    step,
    client,
    source_ip: request.sourceIp,
    request_id: request.requestId,
  });
  measure([issuedRow(grant)], nowMs);
}

export async function tellRefused(
  table: string,
  grant: Grant,
  refusal: SignInRefusal,
  request: { sourceIp: string; requestId: string },
  nowMs: number,
  issuer?: string,
): Promise<void> {
  log.info('sign-in refused', { grant, refusal, source_ip: request.sourceIp, request_id: request.requestId });
  measure(refusedRows(refusal), nowMs);
  const fact = refusedFact(grant, refusal, issuer);
  if (fact) await transact([publish(table, signInRefused, fact)]);
}
