/**
 * Puts what an identity provider said into the outbox: accepted once it is there, whatever comes after. Keyed by source, event and victim, so
 * that a delivery which comes again is the same fact.
 */
import { createHash } from 'node:crypto';
import { encodeId } from '@gatehouse/core/ids';
import type { Detail } from '@gatehouse/events/fact';
import { identityHinted } from '@gatehouse/events/identity-hinted';
import { publish } from '@gatehouse/runtime/publish';
import { transact, type Write } from '@gatehouse/runtime/table';

export type Hinted = Omit<Detail<typeof identityHinted>, 'id' | 'at' | 'cause'> & { cause: string };

/** @returns how many were not there yet. */
export async function acceptHints(table: string, hints: readonly Hinted[]): Promise<number> {
  const written = await Promise.all(hints.map((hint) => transact([writeOf(table, hint)])));
  return written.filter(({ held }) => held).length;
}

function writeOf(table: string, hint: Hinted): Write {
  const { source, cause, issuer, subject = '', group = '' } = hint;
  const digest = createHash('sha256')
    .update(JSON.stringify(['identity-hinted', source, cause, issuer, subject, group]))
    .digest();
  return publish(table, identityHinted, { ...hint, id: encodeId('evt', digest.subarray(0, 16)) });
}
