/** Hears that an alarm of this stage changed its state, and tells it once, as a fact. */
import { onEvent } from '@gatehouse/runtime/event';
import { log } from '@gatehouse/runtime/log';
import * as z from 'zod';
import { readAlarm } from './alarm-event.ts';
import { settleAlert } from './alert.dynamo.ts';

export const env = z.object({ TABLE_OPERATIONS: z.string() });

export const handler = onEvent(
  { env, table: ({ TABLE_OPERATIONS }) => TABLE_OPERATIONS, consumer: 'hear-alarm' },
  async (event, { env: { TABLE_OPERATIONS: table } }) => {
    const change = readAlarm(event.detail);
    if (!change.ok) {
      log.warn('event does nothing', { id: event.id, ...change.refusal });
      return;
    }
    const news = await settleAlert(table, change.value);
    log.info(news.word === 'raised' || news.word === 'cleared' ? `alert ${news.word}` : 'event does nothing', {
      alarm: change.value.alarm,
      ...news,
    });
  },
);
