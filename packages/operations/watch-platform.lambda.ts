/** Counts what goes wrong around Gatehouse: containers, deployments, backups, machines. The log line of each count says which. */
import { OperationsConfig } from '@gatehouse/core/operations-profile';
import { json } from '@gatehouse/runtime/environment';
import { onEvent } from '@gatehouse/runtime/event';
import { log } from '@gatehouse/runtime/log';
import { measure } from '@gatehouse/runtime/metric';
import * as z from 'zod';
import { meaningOf } from './platform-event.ts';

export const env = z.object({ TABLE_OPERATIONS: z.string(), CONFIG: json(OperationsConfig) });

export const handler = onEvent(
  { env, table: ({ TABLE_OPERATIONS }) => TABLE_OPERATIONS, consumer: 'watch-platform' },
  async (event, { env: { CONFIG }, now }) => {
    const meaning = meaningOf(event, CONFIG.clusters, event.resources);
    if (meaning.word === 'nothing') {
      log.info('event does nothing', { id: event.id, because: meaning.because });
      return;
    }
    const at = Date.parse(event.time);
    measure(
      [
        {
          dimensions: {},
          values: { [meaning.metric]: { unit: 'Count', value: 1 } },
          properties: meaning.properties,
          ...(at > 0 && { at }),
        },
      ],
      now,
    );
  },
);
