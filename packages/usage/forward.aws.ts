/**
 * Passes an export of metrics on to CloudWatch's own OTLP endpoint, as its sender wrote it (Amazon CloudWatch User Guide, "OTLP Endpoints"). One try in what
 * is left of the answer's time; after some failures in a row none for a while. What does not arrive is counted and not missed: the ledger has it.
 */

import { awsCall } from '@gatehouse/runtime/aws-call';
import { now } from '@gatehouse/runtime/clock';
import { log } from '@gatehouse/runtime/log';
import { mediaTypes } from './otlp/answer.ts';
import { type Encoding, isGzip } from './otlp/envelope.ts';

export type Forwarded = 'sent' | 'failed' | 'left_out';

const longestMs = 400;
const shortestMs = 50;
/** Larger ones take longer than an answer may wait. */
const mostBytes = 1024 * 1024;
const failuresInARow = 3;
const restMs = 30_000;
let failures = 0;
let restsUntil = 0;

/** @param body as it was sent. @param plain the same, inflated. @param leftMs until the sender must be answered. Throws nothing. */
export async function forwardMetrics(body: Buffer, plain: { encoding: Encoding; bytes: Buffer }, leftMs: number): Promise<Forwarded> {
  const packed = isGzip(body);
  const sent = packed ? body : plain.bytes;
  const timeoutMs = Math.min(longestMs, leftMs);
  if (sent.length > mostBytes || timeoutMs < shortestMs || now() < restsUntil) return 'left_out';
  const headers = { 'content-type': mediaTypes[plain.encoding], ...(packed && { 'content-encoding': 'gzip' }) };
  try {
    await awsCall('monitoring', { method: 'POST', path: '/v1/metrics', headers, body: sent, timeoutMs, attempts: 1 });
    failures = 0;
    return 'sent';
  } catch (error) {
    log.warn('CloudWatch did not take an export', { error });
    if (++failures >= failuresInARow) {
      failures = 0;
      restsUntil = now() + restMs;
    }
    return 'failed';
  }
}
