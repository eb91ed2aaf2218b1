/**
 * `GET /managed/settings`: the caller's policy as Claude Code's managed settings. When a table is away or slow, what was last served to the
 * caller is answered instead: a refusal here would stop every client in the company.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Caller } from '@gatehouse/runtime/admit';
import { now } from '@gatehouse/runtime/clock';
import { readEnv } from '@gatehouse/runtime/environment';
import { http, type Request } from '@gatehouse/runtime/http';
import { log } from '@gatehouse/runtime/log';
import { measure } from '@gatehouse/runtime/metric';
import { trustedKeys } from '@gatehouse/runtime/trust';
import { apiWire, challengeOf } from '@gatehouse/runtime/wire';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import * as z from 'zod';
import { bearerOf } from './bearer.ts';
import { noteDelivery, noteServed } from './delivery-note.dynamodb.ts';
import { createLastServed, createNoted } from './last-served.ts';
import { type Delivered, delivery, heldIn, isCurrent, managedSettings, versionIn } from './settings.ts';
import { surface } from './surface.ts';
import type { Found } from './without-tables.s3.ts';

export const env = z.object({
  TABLE_ACCESS: z.string().min(1),
  TABLE_POLICY: z.string().min(1),
  BUCKET_SERVED: z.string().min(1),
  PUBLIC_URL: z.url(),
});
type Env = z.infer<typeof env>;

const memory = createLastServed();
const noted = createNoted();
/** The client gives up at 10 s. What the tables have not said by then is answered without them, sooner when they were away a moment ago. */
const patienceMs = 4_000;
const shortPatienceMs = 1_000;
const lastResortMs = 4_000;
/** A slow note holds no answer up: what is still under way goes on with the next call. */
const noteMs = 300;
let awayUntil = 0;
/** As admission last had them. */
let keys: Awaited<ReturnType<typeof trustedKeys>> = new Map();

const live = http(
  { surface, env, wire: apiWire },
  {
    settings: async (request, { env, caller, now }) => {
      if (!caller.policy) throw new TypeError('A session route was reached without a policy');
      keys = await trustedKeys(now);
      const delivered = delivery(managedSettings(caller.policy.effective, { publicUrl: env.PUBLIC_URL }));
      await note(env, { request, caller, delivered }, now);
      return answer(delivered, request.header('if-none-match'));
    },
  },
);

export async function handler(event: APIGatewayProxyEvent, context: Context): Promise<APIGatewayProxyResult> {
  const asked = live(event, context);
  const first = await within(now() < awayUntil ? shortPatienceMs : patienceMs, asked);
  if (first && first.statusCode < 400) return first;
  const token = /^Bearer (\S+)$/i.exec(header(event, 'authorization') ?? '')?.[1];
  if (!token) return first ?? (await asked);
  const { BUCKET_SERVED: bucket, PUBLIC_URL: publicUrl } = readEnv(env);
  const about = { bucket, publicUrl, keys, memory };
  if (first && (first.statusCode === 401 || first.statusCode === 403)) {
    const bearer = bearerOf(token, about, now());
    if (bearer) memory.forget(bearer);
    return first;
  }
  // Loaded when it is needed: a start is for those whom the tables answer.
  const { withoutTables } = await import('./without-tables.s3.ts');
  const found = await within(lastResortMs, withoutTables(token, about, now()));
  return found ? lastResort(found, event) : await asked;
}

/** What was delivered, for the copy in S3 and for the proof that it takes effect. Whoever cannot be noted is served all the same. */
async function note(env: Env, { request, caller, delivered }: { request: Request; caller: Caller; delivered: Delivered }, nowMs: number) {
  const { person, session } = caller;
  const differs = memory.remember(caller, delivered);
  const { checksum } = delivered.body;
  const held = heldIn(request.header('if-none-match'));
  const clientVersion = versionIn(request.header('user-agent'));
  if (!noted.isNew(session, `${checksum} ${held} ${clientVersion}`, nowMs)) return;
  const writes = [
    noteDelivery(env.TABLE_POLICY, { person, session, via: 'gateway', checksum, held, clientVersion }, nowMs),
    ...(differs ? [noteServed(env.TABLE_POLICY, delivered, caller, nowMs)] : []),
  ];
  const done = Promise.all(writes).catch((error: unknown) => {
    noted.forget(session);
    log.warn('delivery not noted', { person, error: error as Error });
  });
  await within(noteMs, done);
}

function lastResort(found: Found, event: APIGatewayProxyEvent): APIGatewayProxyResult {
  const { person } = found.bearer;
  awayUntil = now() + 30_000;
  log.warn('policy answered without the store', { person, from: found.from });
  if (found.from === 'revoked') {
    const body = {
      type: 'error',
      error: { type: 'authentication_error', message: 'The access token is no longer accepted: sign in again.' },
    };
    const headers = { 'content-type': 'application/json', 'www-authenticate': challengeOf({ reason: 'session_ended', session: '' }) };
    return { statusCode: 401, headers, body: JSON.stringify({ ...body, request_id: event.requestContext.requestId }) };
  }
  const values = { PolicyServedWithoutStore: { unit: 'Count', value: 1 } } as const;
  measure([{ dimensions: {}, values, properties: { person, from: found.from } }], now());
  const { status, headers, body } = answer(found.delivered, header(event, 'if-none-match'));
  return { statusCode: status, headers, body: body ? JSON.stringify(body) : '' };
}

/** 304 only when asked with a matching tag. The client's reading may change with its version, hence `Vary`. */
function answer(delivered: Delivered, ifNoneMatch: string | undefined) {
  const headers = { etag: delivered.etag, vary: 'User-Agent', 'cache-control': 'private, no-cache' };
  if (isCurrent(ifNoneMatch, delivered.etag)) return { status: 304, headers };
  return { status: 200, headers: { ...headers, 'content-type': 'application/json' }, body: { ...delivered.body } };
}

function header(event: APIGatewayProxyEvent, wanted: string): string | undefined {
  return Object.entries(event.multiValueHeaders ?? {})
    .find(([name]) => name.toLowerCase() === wanted)?.[1]
    ?.join(', ');
}

/** Undefined when it takes longer. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  const hurry = new AbortController();
  const late = delay(ms, undefined, { signal: hurry.signal }).catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    hurry.abort();
  }
}
