/**
 * A LiteLLM proxy of several replicas behind one balanced address: `/litellm/...` takes the next replica in turn,
 * `/litellm/replicas/{n}/...` takes that one. Keeps the traps of the real one; each can be turned off by option.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { type Handler, isRecord, type Route, route, type System } from '../http.ts';
import { createSnapshot } from '../snapshot.ts';
import { chatCompletion, listModels, message } from './data-plane.ts';
import { keyHandlers, type ManagedHandler } from './keys.ts';
import { abbreviated, createRecords, type LitellmState, type Records, tokenOf } from './records.ts';
import { notAdmin, proxyError, routerRefusal } from './refusals.ts';
import { type AuthOptions, authenticate, createReplicas, type Replica } from './replicas.ts';
import { userHandlers } from './users.ts';

export interface LitellmOptions {
  masterKey: string;
  /** 2 unless told. */
  replicas?: number;
  /** How long a replica trusts its own copy of a key; LiteLLM's `user_api_key_cache_ttl`, 60. */
  cacheSeconds?: number;
  /** The trap of BerriAI/litellm#25553; off unless told. */
  cacheRefreshedByUse?: boolean;
  /** /user/new on a user id that exists answers as if it were new, as older versions do; off unless told. */
  upsertsUsers?: boolean;
}

export interface Litellm {
  system: System;
  /** Turns when the first state has been saved. */
  ready: Promise<void>;
}

export function createLitellm(
  options: LitellmOptions,
  context: { clock: Clock; people: readonly { email: string; name: string }[]; dataFolder?: string },
): Litellm {
  const { clock } = context;
  const snapshot = createSnapshot(context.dataFolder, 'outside-litellm.json', () => records.state());
  const saved = parseSaved(snapshot.load());
  const records = createRecords(saved);
  if (!saved) for (const person of context.people) seed(records, person.email, person.name, clock.now());

  const auth: AuthOptions = {
    records,
    masterKey: options.masterKey,
    now: () => clock.now(),
    cacheSeconds: options.cacheSeconds ?? 60,
    refreshedByUse: options.cacheRefreshedByUse ?? false,
  };
  const replicas = createReplicas(options.replicas ?? 2);
  const ports = { auth, records, save: () => snapshot.save(), upserts: options.upsertsUsers ?? false };
  const keys = keyHandlers(ports);
  const users = userHandlers(ports);
  let turn = 0;

  /** Registers a call at the balanced address and at each replica's own. */
  function both(method: string, pattern: string, serve: ManagedHandler): Route[] {
    const at = (pick: (call: Parameters<Handler>[0]) => Replica | undefined): Handler => {
      return (call) => {
        const replica = pick(call);
        return replica
          ? serve(call, replica, authenticate(auth, replica, call))
          : proxyError(404, 'There is no such replica', 'not_found_error');
      };
    };
    return [
      route(
        method,
        pattern,
        at(() => replicas[turn++ % replicas.length]),
      ),
      route(
        method,
        `/replicas/:replica${pattern}`,
        at((call) => replicas[Number(call.params.replica) - 1]),
      ),
    ];
  }
  function admins(serve: ManagedHandler): ManagedHandler {
    return (call, replica, caller) => {
      if (!caller.admitted) return caller.answer;
      return caller.master ? serve(call, replica, caller) : notAdmin(call.path.replace(/^\/litellm(\/replicas\/\d+)?/, ''));
    };
  }
  function anyone(serve: ManagedHandler): ManagedHandler {
    return (call, replica, caller) => (caller.admitted ? serve(call, replica, caller) : caller.answer);
  }

  const models = anyone((_call, _replica, caller) => listModels(caller));
  const chat = anyone((call, _replica, caller) => chatCompletion(call, caller, clock.now()));
  const routes: Route[] = [
    ...both('POST', '/key/generate', admins(keys.generate)),
    ...both('GET', '/key/info', anyone(keys.info)),
    ...both('GET', '/key/list', admins(keys.list)),
    ...both('POST', '/key/update', admins(keys.update)),
    ...both('POST', '/key/block', admins(keys.block)),
    ...both('POST', '/key/unblock', admins(keys.unblock)),
    ...both('POST', '/key/delete', admins(keys.remove)),
    ...both('POST', '/user/new', admins(users.create)),
    ...both('GET', '/user/info', admins(users.info)),
    ...both('GET', '/user/list', admins(users.list)),
    ...both('POST', '/user/delete', admins(users.remove)),
    ...both('GET', '/v1/models', models),
    ...both('GET', '/models', models),
    ...both('POST', '/v1/chat/completions', chat),
    ...both('POST', '/chat/completions', chat),
    ...both(
      'POST',
      '/v1/messages',
      anyone((call, _replica, caller) => message(call, caller)),
    ),
    ...both('GET', '/health/liveliness', () => ({ status: 200, body: "I'm alive!" })),
  ];
  return { system: { prefix: '/litellm', routes, refuse: routerRefusal }, ready: saved ? Promise.resolve() : snapshot.save() };
}

/** The key that a seeded person holds: the same at every fresh start, so that a test can use it as that person. */
export function seededKey(email: string): string {
  return `sk-${createHash('sha256').update(`litellm:${email}`).digest('base64url').slice(0, 22)}`;
}

function seed(records: Records, email: string, name: string, now: number): void {
  const at = new Date(now).toISOString();
  const key = seededKey(email);
  records.users.set(email, {
    user_id: email,
    user_email: email,
    user_alias: name,
    user_role: 'internal_user',
    teams: [],
    models: [],
    metadata: {},
    spend: 0,
    max_budget: null,
    created_at: at,
    updated_at: at,
  });
  records.keys.set(tokenOf(key), {
    token: tokenOf(key),
    key_name: abbreviated(key),
    key_alias: `claude-code-${email}`,
    user_id: email,
    team_id: null,
    models: [],
    metadata: {},
    tags: [],
    spend: 0,
    max_budget: null,
    budget_duration: null,
    tpm_limit: null,
    rpm_limit: null,
    expires: null,
    blocked: null,
    created_at: at,
    created_by: 'default_user_id',
    updated_at: at,
    updated_by: 'default_user_id',
  });
}

function parseSaved(saved: unknown): LitellmState | undefined {
  if (saved === undefined) return undefined;
  if (!isRecord(saved) || !Array.isArray(saved.keys) || !Array.isArray(saved.users)) {
    throw new Error('The saved LiteLLM state is not one that this stack wrote; start with --fresh');
  }
  return { keys: saved.keys, users: saved.users };
}
