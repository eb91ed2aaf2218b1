/** The rows of grants (contracts/records/grant). Their sole writer: intended before anybody gives, given or found after it was seen, taken at the end. */
import { createHash } from 'node:crypto';
import { Grant, grant } from '@gatehouse/contracts/records/grant';
import { encodeId } from '@gatehouse/core/ids';
import { query, type Write } from '@gatehouse/runtime/table';
import type { Entitlement } from './entitlement.ts';

export async function grantsOf(table: string, person: string): Promise<Grant[]> {
  const rows = await query(table, grant.key(person, { system: '', kind: '', alias: '' }).pk);
  return rows.map((row) => Grant.parse(row));
}

export interface Writing {
  table: string;
  person: string;
  caseId: string;
  /** RFC 3339. */
  at: string;
}

/** The row of an entitlement that is about to be given, or kept for other reasons. */
export function written({ table, person, caseId, at }: Writing, entitlement: Entitlement, state: Grant['state']): Write {
  const { system, kind, alias } = entitlement;
  const id = encodeId(
    'grt',
    createHash('sha256')
      .update(JSON.stringify([person, system, kind, alias]))
      .digest()
      .subarray(0, 16),
  );
  const row = { id, person, ...entitlement, state, case_id: caseId, changed_at: at };
  return { Put: { TableName: table, Item: { ...grant.key(person, entitlement), ...row } } };
}

/** Another state of a row that is there; its reasons and its specification stay. */
export function turned({ table, person, caseId, at }: Writing, one: Grant, state: Grant['state']): Write {
  return {
    Update: {
      TableName: table,
      Key: grant.key(person, one),
      UpdateExpression: 'SET #state = :state, case_id = :case, changed_at = :at',
      ExpressionAttributeNames: { '#state': 'state' },
      ExpressionAttributeValues: { ':state': state, ':case': caseId, ':at': at },
    },
  };
}
