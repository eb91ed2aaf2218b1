/** Hears that a case was sealed and lays its packet down in S3, under Object Lock. The hourly root lays down what this has missed. */
import { evidenceSealed } from '@gatehouse/events/evidence-sealed';
import { onFact } from '@gatehouse/runtime/event';
import { KeepingEnv, keepPacket } from './keep-packet.s3.ts';

export const env = KeepingEnv;

export const handler = onFact(
  { env, table: ({ TABLE_LIFECYCLE }) => TABLE_LIFECYCLE, consumer: 'keep-evidence' },
  evidenceSealed,
  ({ case_id }, { env }) => keepPacket(env, case_id),
);
