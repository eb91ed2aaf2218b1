/**
 * Hears Bedrock's model invocation log by a Logs subscription: what Bedrock counted, priced by the book of its day, as billed lines. The person is the
 * session name of the role that called, where federation writes the address. Logs delivers at least once: lines are keyed by Bedrock's request id.
 */
import { gunzipSync } from 'node:zlib';
import { UsageConfig } from '@gatehouse/core/usage-profile';
import { dayOf } from '@gatehouse/ledger/entry';
import { amountMicros } from '@gatehouse/ledger/price';
import { listPrices, priceOn } from '@gatehouse/ledger/price-book';
import { json, readEnv } from '@gatehouse/runtime/environment';
import { log } from '@gatehouse/runtime/log';
import type { CloudWatchLogsEvent } from 'aws-lambda';
import * as z from 'zod';
import { putBilled } from './billed.dynamo.ts';
import { invocationOf } from './billed.ts';
import { peopleOf } from './billed-people.records.ts';
import { modelOf } from './model.ts';

export const env = z.object({ TABLE_USAGE: z.string().min(1), TABLE_PEOPLE: z.string().min(1), CONFIG: json(UsageConfig) });

const Delivery = z.object({ messageType: z.string(), logEvents: z.array(z.object({ message: z.string() })) });
const mostBytes = 32 * 1024 * 1024;

export async function handler(event: CloudWatchLogsEvent): Promise<{ billed: number }> {
  const { TABLE_USAGE, TABLE_PEOPLE, CONFIG } = readEnv(env);
  const text = gunzipSync(Buffer.from(event.awslogs.data, 'base64'), { maxOutputLength: mostBytes }).toString('utf8');
  const { messageType, logEvents } = Delivery.parse(JSON.parse(text));
  if (messageType !== 'DATA_MESSAGE') return { billed: 0 };
  const lines = logEvents.flatMap(({ message }) => {
    const invoked = invocationOf(message);
    if (!invoked) return [];
    const day = dayOf(invoked.at);
    const { name, regional } = modelOf(invoked.model, 'bedrock', CONFIG.inference_profiles);
    const price = priceOn(listPrices, name, day);
    if (!price) log.warn('an invocation of a model without a price', { model: name, request: invoked.requestId });
    const terms = { regional, fast: false, batch: false, multiplierPpm: CONFIG.price_ppm };
    const amount_micros = price ? amountMicros(invoked.tokens, price, terms) : 0;
    return [{ source: 'bedrock' as const, day, email: invoked.email, line: invoked.requestId, amount_micros }];
  });
  await putBilled(TABLE_USAGE, await peopleOf(lines, TABLE_PEOPLE));
  return { billed: lines.length };
}
