/**
 * Tells that an explicit event could not be confirmed, so that sessions can be shut while the directory is silent. It changes no record.
 * Keyed by the event and the person: every try of one event is one fact.
 */
import { createHash } from 'node:crypto';
import { encodeId } from '@gatehouse/core/ids';
import { departureUnconfirmed } from '@gatehouse/events/departure-unconfirmed';
import { publish } from '@gatehouse/runtime/publish';
import { transact } from '@gatehouse/runtime/table';
import { personBySubject, type Subject } from './person.dynamo.ts';

/** Nothing for somebody whom we do not know, or who is gone already by the directory's own word. @param cause the source's id of the event. */
export async function tellUnconfirmedDeparture(table: string, who: Subject, source: string, cause: string): Promise<void> {
  const known = await personBySubject(table, who);
  if (known?.status !== 'active') return;
  const id = encodeId('evt', createHash('sha256').update(`departure-unconfirmed ${known.id} ${cause}`).digest().subarray(0, 16));
  // Not held means that an earlier try told it.
  await transact([publish(table, departureUnconfirmed, { id, person: known.id, generation: known.generation, source, cause })]);
}
