/**
 * Who began a case: `CASE#<cas_>` / `INITIATOR`; no TTL: it is evidence. The first word stands: the API writes it before the execution starts,
 * CloudTrail tells of a start in the console some minutes after it.
 */
import { Initiator } from '@gatehouse/core/evidence/chain';
import { get, getMany, type Item, putNew } from '@gatehouse/runtime/table';

const key = (caseId: string) => ({ pk: `CASE#${caseId}`, sk: 'INITIATOR' });

/** False: somebody is known already. */
export function rememberInitiator(table: string, caseId: string, initiator: Initiator): Promise<boolean> {
  return putNew(table, { ...key(caseId), ...initiator });
}

export async function initiatorOf(table: string, caseId: string): Promise<Initiator | undefined> {
  return read(await get(table, key(caseId)));
}

/** In the order of the cases. */
export async function initiatorsOf(table: string, caseIds: readonly string[]): Promise<(Initiator | undefined)[]> {
  const rows = await getMany(caseIds.map((id) => ({ table, key: key(id) })));
  return rows.map(read);
}

function read(row: Item | undefined): Initiator | undefined {
  if (!row) return undefined;
  const { pk: _pk, sk: _sk, ...initiator } = row;
  return Initiator.parse(initiator);
}
