/** Copies to S3 what was last served to a person, as soon as the table's stream tells of it: off the path of every answer. Reads no policy. */
import { onRecords } from '@gatehouse/runtime/stream';
import * as z from 'zod';
import { keepServed, Served } from './copies.s3.ts';
import { servedPk } from './delivery-note.dynamodb.ts';

export const env = z.object({ BUCKET_SERVED: z.string().min(1) });

export const handler = onRecords(env, async ({ keys, after }, { env }) => {
  if (keys.pk.startsWith(servedPk) && after) await keepServed(env.BUCKET_SERVED, Served.parse(after));
});
