/** The token endpoint, its aliases and the keys it signs with: parses, asks the grant, tells what happened, mints. Decides nothing itself. */

import { AccessConfig } from '@gatehouse/core/access-profile';
import { json } from '@gatehouse/runtime/environment';
import { type Call, http, type Reply, type Request } from '@gatehouse/runtime/http';
import { secret } from '@gatehouse/runtime/secret';
import { oauthWire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { tellIssued, tellRefused } from './audit.outbox.ts';
import type { Grant } from './audit.ts';
import { redeemDevice } from './device-poll.grant.ts';
import { exchange } from './exchange.grant.ts';
import { traceOf } from './family.ts';
import { countRefusal, isStopped } from './flood.dynamodb.ts';
import { wireError } from './grant-answer.ts';
import { createIssuers, type Issuers } from './issuers.http.ts';
import type { KeyRow } from './key-ring.ts';
import { keptBriefly, keySet } from './metadata.ts';
import { type Issued, type Minted, type MintFor, mint } from './mint.ts';
import { oauthAnswer, oauthError } from './oauth-answer.ts';
import { refresh } from './refresh.grant.ts';
import type { SignInRefusal } from './refusal.ts';
import { currentSigner, readKeys, ringEnv } from './signing-keys.dynamodb.ts';
import { surface } from './surface.ts';
import {
  accessTokenType,
  type DeviceRequest,
  type ExchangeRequest,
  maxFormBytes,
  type RefreshRequest,
  readForm,
  readTokenRequest,
  type ServiceRequest,
  scopes,
} from './token-request.ts';
import { exchangeService } from './workload.grant.ts';

export const env = z.object({
  TABLE_ACCESS: z.string(),
  TABLE_PEOPLE: z.string(),
  TABLE_POLICY: z.string(),
  PUBLIC_URL: z.string(),
  CONFIG: json(AccessConfig),
  ...ringEnv,
  SECRET_REFRESH_PEPPER_ARN: z.string(),
  SECRET_ENTRA_GRAPH_ARN: z.string(),
  STEP_ADMIT_PERSON_ARN: z.string(),
});
type TokenCall = Call<z.infer<typeof env>>;

const issuers = new Map<string, Issuers>();

export const handler = http(
  { surface, env, wire: oauthWire },
  {
    async token(request, call) {
      if (isStopped(request.sourceIp, call.now)) return stop;
      const form = readForm(request.header('content-type'), request.body);
      if (!form.ok) return oauthError(form.refusal);
      const asked = readTokenRequest(form.value, call.env.PUBLIC_URL);
      if (!asked.ok) return oauthError(asked.refusal);
      switch (asked.value.grant) {
        case 'exchange':
          return answerExchange(asked.value, request, call, (minted) => ({ ...minted, issued_token_type: accessTokenType }));
        case 'service':
          return answerService(asked.value, request, call);
        case 'device':
          return answerDevice(asked.value, request, call);
        case 'refresh':
          return answerRefresh(asked.value, request, call, (minted) => minted);
      }
    },

    async keys(_, { env, now }) {
      return { status: 200, headers: keptBriefly, body: keySet(await publishedKeys(env, now)) };
    },

    async verify(request, call) {
      if (isStopped(request.sourceIp, call.now)) return stop;
      const body = readJson(request, z.object({ token: z.string().min(1) }));
      if (!body) return oauthError({ error: 'invalid_request', description: 'The body must be JSON: {"token": "..."}.' });
      const subject = { token: body.token, types: [undefined, 'jwt', 'at+jwt'] };
      return answerExchange({ grant: 'exchange', subject, scopes }, request, call, short);
    },

    async refresh(request, call) {
      if (isStopped(request.sourceIp, call.now)) return stop;
      const body = readJson(request, z.object({ refresh_token: z.string().min(1) }));
      if (!body) return oauthError({ error: 'invalid_request', description: 'The body must be JSON: {"refresh_token": "..."}.' });
      return answerRefresh({ grant: 'refresh', refreshToken: body.refresh_token }, request, call, short);
    },
  },
);

/** A fresh deployment has signed nothing yet: its key is published when it is first asked for. */
async function publishedKeys(env: TokenCall['env'], nowMs: number): Promise<KeyRow[]> {
  await currentSigner(env, nowMs);
  return readKeys(env.TABLE_ACCESS);
}

const stop = oauthError({
  error: 'temporarily_unavailable',
  description: 'Too many tokens from this address were not acceptable.',
  status: 429,
});

type Shape = (minted: Minted) => Readonly<Record<string, unknown>>;

/** The aliases answer exactly four members. */
function short({ access_token, refresh_token, token_type, expires_in }: Minted): Readonly<Record<string, unknown>> {
  return { access_token, refresh_token, token_type, expires_in };
}

async function answerExchange(wish: ExchangeRequest, request: Request, call: TokenCall, shape: Shape): Promise<Reply> {
  const given = await exchange(call.env, wish, issuersOf(call.env.CONFIG), minting(call), call.now);
  if (!given.ok) return refused('token_exchange', given.refusal, wish.clientId, request, call);
  return issued('token_exchange', given.value, request, call, shape);
}

/** No refresh token: a service asks its platform for another token instead. */
async function answerService(wish: ServiceRequest, request: Request, call: TokenCall): Promise<Reply> {
  const given = await exchangeService(call.env, wish, issuersOf(call.env.CONFIG), minting(call), call.now);
  if (given.ok)
    return issued('token_exchange', given.value, request, call, ({ refresh_token: _, ...minted }) => ({
      ...minted,
      issued_token_type: accessTokenType,
    }));
  if (given.refusal.reason === 'wider_scope')
    return oauthError({ error: 'invalid_scope', description: 'The rule does not grant this scope.' });
  return refused('token_exchange', given.refusal, undefined, request, call);
}

async function answerDevice(wish: DeviceRequest, request: Request, call: TokenCall): Promise<Reply> {
  const given = await redeemDevice(call.env, wish, minting(call), call.now);
  if (given.ok) return issued('device_code', given.value, request, call, (minted) => minted);
  if (given.refusal.kind === 'waiting') return oauthError(given.refusal.error);
  return refused('device_code', given.refusal.refusal, wish.clientId, request, call);
}

async function answerRefresh(wish: RefreshRequest, request: Request, call: TokenCall, shape: Shape): Promise<Reply> {
  const pepper = await secret(call.env.SECRET_REFRESH_PEPPER_ARN);
  const { refreshToken: token, clientId } = wish;
  const given = await refresh(
    call.env,
    pepper,
    { token, clientId, scopes: wish.scopes, by: traceOf(request.sourceIp, request.header('user-agent') ?? '') },
    minting(call),
    call.now,
  );
  if (given.ok) return issued('refresh_token', given.value, request, call, shape);
  if (given.refusal.reason === 'wider_scope') {
    return oauthError({ error: 'invalid_scope', description: 'A refresh may narrow the scope, never widen it.' });
  }
  return refused('refresh_token', given.refusal, clientId, request, call);
}

function minting({ env, now }: TokenCall): MintFor {
  return async (family, narrowed) => {
    const [signer, pepper] = await Promise.all([currentSigner(env, now), secret(env.SECRET_REFRESH_PEPPER_ARN)]);
    return mint(family, { signer, pepper, origin: env.PUBLIC_URL, scopes: narrowed }, now);
  };
}

function issued(grant: Grant, { family, minted }: Issued, request: Request, { now }: TokenCall, shape: Shape): Reply {
  tellIssued(grant, family, request, now);
  return oauthAnswer(shape(minted));
}

async function refused(
  grant: Grant,
  refusal: SignInRefusal,
  clientId: string | undefined,
  request: Request,
  { env, now }: TokenCall,
): Promise<Reply> {
  await tellRefused(env.TABLE_ACCESS, grant, refusal, request, now);
  await countRefusal(env.TABLE_ACCESS, request.sourceIp, refusal, now);
  return oauthError(wireError(grant, refusal, clientId !== undefined));
}

function readJson<T>(request: Request, schema: z.ZodType<T>): T | undefined {
  if (request.body.length > maxFormBytes) return undefined;
  const body = request.json();
  const parsed = body.ok ? schema.safeParse(body.value) : undefined;
  return parsed?.success ? parsed.data : undefined;
}

function issuersOf(config: AccessConfig): Issuers {
  const name = JSON.stringify(config);
  const known = issuers.get(name) ?? createIssuers(config);
  issuers.set(name, known);
  return known;
}
