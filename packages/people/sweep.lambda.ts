/** The regular look at everything that events may have missed: each directory in turn, then the sources that have gone silent. One at a time. */
import { now as clock } from '@gatehouse/runtime/clock';
import { readEnv } from '@gatehouse/runtime/environment';
import { log } from '@gatehouse/runtime/log';
import { update } from '@gatehouse/runtime/table';
import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { everyDirectory, reach } from './configured.directory.ts';
import { tellSilentSources } from './silence.dynamo.ts';
import { sweepDirectory, tellSwept } from './sweep.dynamo.ts';
import { markSwept } from './swept.dynamo.ts';

export const env = z.object(reach);

/** `SWEEP` / `LOCK`: who sweeps, and until when at most. No TTL; reveals nothing. */
const lockKey = { pk: 'SWEEP', sk: 'LOCK' };
const maxReads = 2_000;
/** For what is being read when the time is up. */
const marginMs = 30_000;

export async function handler(_event: unknown, context: Context): Promise<void> {
  const reach = readEnv(env);
  const table = reach.TABLE_PEOPLE;
  // Real time: how long an invocation may take is not the stack's clock's to say.
  const endsIn = context.getRemainingTimeInMillis() - marginMs;
  const began = performance.now();
  const leftMs = () => endsIn - (performance.now() - began);
  if (!(await take(table, clock(), endsIn))) return log.info('a sweep is running already');
  for (const directory of await everyDirectory(reach)) {
    const [from, realFrom] = [clock(), performance.now()];
    const bounds = { now: clock, deadline: from + leftMs(), maxReads };
    const swept = await sweepDirectory(table, directory, bounds);
    if (swept.refused === undefined && swept.waiting === 0) await markSwept(table, directory.issuer, from);
    tellSwept(directory.kind, directory.issuer, swept, Math.round((performance.now() - realFrom) / 100) / 10, clock());
  }
  const silent = await tellSilentSources(table, reach.CONFIG, clock());
  if (silent.length > 0) log.warn('sources are silent', { sources: silent });
  await update(table, lockKey, { UpdateExpression: 'SET ends_at = :now', ExpressionAttributeValues: { ':now': 0 } });
}

async function take(table: string, now: number, forMs: number): Promise<boolean> {
  const taken = await update(table, lockKey, {
    UpdateExpression: 'SET ends_at = :end',
    ConditionExpression: 'attribute_not_exists(pk) OR ends_at < :now',
    ExpressionAttributeValues: { ':end': now + forMs + marginMs, ':now': now },
  });
  return taken.held;
}
