/** Entries that the bus calls: each event's id is claimed in the consumer's own table, so that a repeat does nothing and a crash is tried again. */
import type { Detail } from '@gatehouse/events/fact';
import type { Context, EventBridgeEvent } from 'aws-lambda';
import type * as z from 'zod';
import { now } from './clock.ts';
import { readEnv } from './environment.ts';
import { Busy } from './fault.ts';
import { log } from './log.ts';
import { put, update } from './table.ts';

interface Fact {
  type: string;
  source: string;
  schema: z.ZodType<{ id: string }>;
}

export interface Consumer<S extends z.ZodType> {
  env: S;
  /** This capability's table. */
  table: (env: z.infer<S>) => string;
  /** Names the claim: one event may have several consumers in a capability. */
  consumer: string;
}

interface Told<S extends z.ZodType> {
  env: z.infer<S>;
  now: number;
}

type BusEvent = EventBridgeEvent<string, unknown>;

/** For facts of the product bus. */
export function onFact<S extends z.ZodType, const F extends Fact>(
  options: Consumer<S>,
  facts: F | readonly F[],
  handle: (detail: Detail<F>, told: Told<S> & { type: F['type'] }) => Promise<void>,
) {
  const known = new Map([facts].flat().map((fact) => [`${(fact as F).source} ${(fact as F).type}`, fact as F]));
  return entry(options, async (event, told) => {
    const fact = known.get(`${event.source} ${event['detail-type']}`);
    if (!fact) throw new TypeError(`${options.consumer} does not know ${event['detail-type']} of ${event.source}`);
    const detail = fact.schema.parse(event.detail) as Detail<F> & { id: string };
    await claimed(options, told, detail.id, () => handle(detail, { ...told, type: fact.type }));
  });
}

/** For events of other buses, e.g. a partner's. */
export function onEvent<S extends z.ZodType>(options: Consumer<S>, handle: (event: BusEvent, told: Told<S>) => Promise<void>) {
  return entry(options, (event, told) => claimed(options, told, event.id, () => handle(event, told)));
}

function entry<S extends z.ZodType>(options: Consumer<S>, run: (event: BusEvent, told: Told<S>) => Promise<void>) {
  let env: z.infer<S> | undefined;
  return async (event: BusEvent, _context: Context): Promise<void> => {
    env ??= readEnv(options.env);
    await run(event, { env, now: now() });
  };
}

/** As long as a late copy may come: archives replay by hand, retries end after a day. */
const claimSeconds = 14 * 86_400;
/** Longer than any event entry runs. */
const workingMs = 60_000;

async function claimed<S extends z.ZodType>(options: Consumer<S>, told: Told<S>, id: string, run: () => Promise<void>): Promise<void> {
  const table = options.table(told.env);
  const key = { pk: `CLAIM#${id}`, sk: options.consumer };
  const expires = Math.floor(told.now / 1000) + claimSeconds;
  const claim = await update(table, key, {
    UpdateExpression: 'SET claim = :working, working_until = :until, expires_at = :expires',
    ConditionExpression: 'attribute_not_exists(pk) OR (claim = :working AND working_until < :now)',
    ExpressionAttributeValues: { ':working': 'working', ':until': told.now + workingMs, ':expires': expires, ':now': told.now },
  });
  if (!claim.held) {
    if (claim.item?.claim === 'done') return;
    throw new Busy(`${options.consumer} is already at work on ${id}`);
  }
  try {
    await run();
  } catch (error) {
    log.warn('event not handled', { consumer: options.consumer, id, error: error as Error });
    await put(table, { ...key, claim: 'working', working_until: 0, expires_at: expires });
    throw error;
  }
  await put(table, { ...key, claim: 'done', working_until: 0, expires_at: expires });
}
