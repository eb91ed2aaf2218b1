/** Tells once a minute, source and reason that the directory could not be read: an outage is one fact a minute, whatever the number of readers. */
import { createHash } from 'node:crypto';
import { encodeId } from '@gatehouse/core/ids';
import { directoryReadRefused } from '@gatehouse/events/directory-read-refused';
import { log } from '@gatehouse/runtime/log';
import { measure } from '@gatehouse/runtime/metric';
import { publish } from '@gatehouse/runtime/publish';
import { transact } from '@gatehouse/runtime/table';
import type { Unreadable } from './truth.ts';

export async function tellRefusedRead(table: string, source: string, { reason, message }: Unreadable, now: number): Promise<void> {
  log.warn('directory not read', { source, reason, detail: message });
  measure(
    [
      {
        dimensions: { source },
        sets: [[], ['source']],
        values: { DirectoryReadsRefused: { unit: 'Count', value: 1 } },
        properties: { reason },
      },
    ],
    now,
  );
  const minute = Math.floor(now / 60_000);
  const id = encodeId('evt', createHash('sha256').update(`directory-read-refused ${source} ${reason} ${minute}`).digest().subarray(0, 16));
  // Not held means that this minute's fact is there already.
  await transact([publish(table, directoryReadRefused, { id, source, reason, message })]);
}
