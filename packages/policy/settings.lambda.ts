/**
 * `GET /managed/settings`: the caller's policy as Claude Code's managed settings. When a table is away or slow, a caller whose token
 * verifies gets what this environment last delivered to them, else the base: a refusal here would stop every client in the company.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { checkAccessToken } from '@gatehouse/core/access-token';
import { baseline } from '@gatehouse/rules/resolve';
import { now } from '@gatehouse/runtime/clock';
import { http } from '@gatehouse/runtime/http';
import { log } from '@gatehouse/runtime/log';
import { measure } from '@gatehouse/runtime/metric';
import { trustedKeys } from '@gatehouse/runtime/trust';
import { apiWire } from '@gatehouse/runtime/wire';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import * as z from 'zod';
import { type Bearer, createLastServed, type Delivered } from './last-served.ts';
import { delivery, isCurrent, managedSettings } from './settings.ts';
import { documentAt } from './store.dynamodb.ts';
import { surface } from './surface.ts';

export const env = z.object({
  TABLE_ACCESS: z.string().min(1),
  TABLE_POLICY: z.string().min(1),
  PUBLIC_URL: z.url(),
});

const lastServed = createLastServed();
/** The client gives up at 10 s: what the tables have not said by then is answered from memory. */
const patienceMs = 4_000;
let publicUrl = '';
let baseVersion = 0;
/** As admission last had them: asking again would wait for the table that is away. */
let keys: Awaited<ReturnType<typeof trustedKeys>> = new Map();

const live = http(
  { surface, env, wire: apiWire },
  {
    settings: async (request, { env, caller, now }) => {
      if (!caller.policy) throw new TypeError('A session route was reached without a policy');
      publicUrl = env.PUBLIC_URL;
      keys = await trustedKeys(now);
      const delivered = delivery(managedSettings(caller.policy.effective, { publicUrl }));
      lastServed.remember(caller, delivered);
      await rememberBase(env.TABLE_POLICY, caller.policy.version);
      return answer(delivered, request.header('if-none-match'));
    },
  },
);

export async function handler(event: APIGatewayProxyEvent, context: Context): Promise<APIGatewayProxyResult> {
  const hurry = new AbortController();
  const asked = live(event, context);
  const late = delay(patienceMs, undefined, { signal: hurry.signal }).catch(() => undefined);
  const first = await Promise.race([asked, late]);
  hurry.abort();
  if (first && first.statusCode < 400) return first;
  const bearer = bearerOf(event);
  if (first && (first.statusCode === 401 || first.statusCode === 403)) {
    if (bearer) lastServed.forget(bearer);
    return first;
  }
  return (bearer && fromMemory(bearer, event)) ?? (await asked);
}

/** Answers of a version's base are the same for everyone: read once a version. Not having it is no reason to refuse the caller. */
async function rememberBase(table: string, version: number): Promise<void> {
  if (version === baseVersion) return;
  try {
    const document = await documentAt(table, version);
    if (document) lastServed.rememberBase(delivery(managedSettings(baseline(document), { publicUrl })));
    baseVersion = version;
  } catch (error) {
    log.warn('base layer not read', { error: error as Error });
  }
}

/** Signature and times only: nothing else can be known while the tables are away. */
function bearerOf(event: APIGatewayProxyEvent): Bearer | undefined {
  const token = /^Bearer (\S+)$/i.exec(header(event, 'authorization') ?? '')?.[1];
  if (!token || !publicUrl) return undefined;
  const claims = checkAccessToken(token, { issuer: publicUrl, audience: publicUrl, keys }, Math.floor(now() / 1000));
  if (!claims.ok || !claims.value.scope.split(' ').includes('policy')) return undefined;
  return { person: claims.value.sub, session: claims.value.sid, epoch: claims.value.epoch };
}

function fromMemory(bearer: Bearer, event: APIGatewayProxyEvent): APIGatewayProxyResult | undefined {
  const recalled = lastServed.recall(bearer);
  if (!recalled) return undefined;
  log.warn('policy served without the store', { person: bearer.person, from: recalled.from });
  measure(
    [
      {
        dimensions: {},
        values: { PolicyServedWithoutStore: { unit: 'Count', value: 1 } },
        properties: { person: bearer.person, from: recalled.from },
      },
    ],
    now(),
  );
  const { status, headers, body } = answer(recalled.delivered, header(event, 'if-none-match'));
  return { statusCode: status, headers, body: body ? JSON.stringify(body) : '' };
}

function header(event: APIGatewayProxyEvent, wanted: string): string | undefined {
  return Object.entries(event.multiValueHeaders ?? {})
    .find(([name]) => name.toLowerCase() === wanted)?.[1]
    ?.join(', ');
}

/** 304 only when asked with a matching tag. The client's reading may change with its version, hence `Vary`. */
function answer(delivered: Delivered, ifNoneMatch: string | undefined) {
  const headers = { etag: delivered.etag, vary: 'User-Agent', 'cache-control': 'private, no-cache' };
  if (isCurrent(ifNoneMatch, delivered.etag)) return { status: 304, headers };
  return { status: 200, headers: { ...headers, 'content-type': 'application/json' }, body: delivered.body };
}
