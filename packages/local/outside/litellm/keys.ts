/** LiteLLM's management of virtual keys: generate, info, list, update, block, unblock, delete. Each acts on the table and on the cache of the replica that served it, on no other. */
import { type Answer, type Call, Refused } from '../http.ts';
import { changedBy, flag, number, object, pageNumber, queryFlag, requiredText, text, texts } from './fields.ts';
import { abbreviated, durationSeconds, type KeyRecord, newKey, type Records, tokenOf } from './records.ts';
import { proxyError, unknownKey, unprocessable } from './refusals.ts';
import { type AuthOptions, type Caller, type Replica, remember } from './replicas.ts';

export interface KeyPorts {
  auth: AuthOptions;
  records: Records;
  save(): Promise<void>;
}

export type ManagedHandler = (call: Call, replica: Replica, caller: Caller) => Answer | Promise<Answer>;

export function keyHandlers(
  ports: KeyPorts,
): Readonly<Record<'generate' | 'info' | 'list' | 'update' | 'block' | 'unblock' | 'remove', ManagedHandler>> {
  const { auth, records, save } = ports;

  async function generate(call: Call): Promise<Answer> {
    const { key, record } = makeKey(records, auth.now(), call);
    await save();
    return { status: 200, body: keyAnswer(key, record) };
  }

  /** Without `key` it tells a key about itself. */
  function info(call: Call, _replica: Replica, caller: Caller): Answer {
    const own = caller.admitted && !caller.master ? caller.record.token : undefined;
    const asked = call.query.get('key') ?? own ?? '';
    const record = records.keys.get(tokenOf(asked));
    if (!record) return proxyError(404, 'Key not found in database', 'not_found_error', 'key');
    if (own !== undefined && own !== record.token) {
      return proxyError(403, "You are not allowed to access this key's info. Your role=internal_user", 'internal_server_error');
    }
    const { token: _hidden, ...shown } = record;
    return { status: 200, body: { key: asked, info: shown } };
  }

  function list(call: Call): Answer {
    const page = pageNumber(call, 'page', 1);
    const size = pageNumber(call, 'size', 10, 100);
    const wanted = (name: string) => call.query.get(name);
    const createdToo = queryFlag(call, 'include_created_by_keys');
    const found = [...records.keys.values()].reverse().filter((record) => {
      const owner = wanted('user_id');
      if (owner !== null && record.user_id !== owner && !(createdToo && record.created_by === owner)) return false;
      if (wanted('team_id') !== null && record.team_id !== wanted('team_id')) return false;
      if (wanted('key_alias') !== null && record.key_alias !== wanted('key_alias')) return false;
      return wanted('key_hash') === null || record.token === wanted('key_hash');
    });
    const shown = found.slice((page - 1) * size, page * size);
    const keys = queryFlag(call, 'return_full_object') ? shown : shown.map((record) => record.token);
    return { status: 200, body: { keys, total_count: found.length, current_page: page, total_pages: Math.ceil(found.length / size) } };
  }

  /** Partial, without any If-Match: the last write wins. */
  async function update(call: Call, replica: Replica): Promise<Answer> {
    const record = records.keys.get(tokenOf(requiredText(call, 'key')));
    if (!record) return proxyError(404, `Key not found: ${abbreviated(requiredText(call, 'key'))}`, 'internal_server_error', 'key');
    const alias = text(call, 'key_alias');
    if (alias !== null && alias !== record.key_alias) freeAlias(records, alias);
    record.key_alias = alias ?? record.key_alias;
    record.user_id = text(call, 'user_id') ?? record.user_id;
    record.team_id = text(call, 'team_id') ?? record.team_id;
    record.models = texts(call, 'models') ?? record.models;
    record.metadata = object(call, 'metadata') ?? record.metadata;
    record.max_budget = number(call, 'max_budget') ?? record.max_budget;
    record.blocked = flag(call, 'blocked') ?? record.blocked;
    record.expires = expiry(call, auth.now()) ?? record.expires;
    touch(record, call, auth.now());
    replica.cache.delete(record.token);
    await save();
    const { token: _hidden, ...shown } = record;
    return { status: 200, body: { key: requiredText(call, 'key'), ...shown } };
  }

  function turn(blocked: boolean): ManagedHandler {
    return async (call, replica) => {
      const key = requiredText(call, 'key');
      const record = records.keys.get(tokenOf(key));
      if (!record) return unknownKey(key);
      record.blocked = blocked;
      touch(record, call, auth.now());
      remember(auth, replica, record);
      await save();
      return { status: 200, body: record };
    };
  }

  /** Echoes what was asked; only when not one of it exists does it say 404. */
  async function remove(call: Call, replica: Replica): Promise<Answer> {
    const [keys, aliases] = [texts(call, 'keys'), texts(call, 'key_aliases')];
    if (!keys && !aliases) return proxyError(400, 'Either keys or key_aliases must be provided', 'internal_server_error');
    const tokens = keys
      ? keys.map(tokenOf).filter((token) => records.keys.has(token))
      : [...records.keys.values()]
          .filter((record) => record.key_alias !== null && aliases?.includes(record.key_alias))
          .map((record) => record.token);
    if (tokens.length === 0) return proxyError(404, "{'error': 'No keys found'}", 'internal_server_error');
    for (const token of tokens) {
      records.keys.delete(token);
      replica.cache.delete(token);
    }
    await save();
    return { status: 200, body: { deleted_keys: keys ?? aliases } };
  }

  return { generate, info, list, update, block: turn(true), unblock: turn(false), remove };
}

/** @param owner overrides the body's `user_id`, for the key that a new user gets. */
export function makeKey(records: Records, now: number, call: Call, owner = text(call, 'user_id')): { key: string; record: KeyRecord } {
  const alias = text(call, 'key_alias');
  if (alias !== null) freeAlias(records, alias);
  const key = text(call, 'key') ?? newKey();
  if (!key.startsWith('sk-'))
    throw new Refused(proxyError(400, "Invalid key format. LiteLLM Virtual Key must start with 'sk-'.", 'bad_request_error', 'key'));
  const at = new Date(now).toISOString();
  const by = changedBy(call);
  const record: KeyRecord = {
    token: tokenOf(key),
    key_name: abbreviated(key),
    key_alias: alias,
    user_id: owner,
    team_id: text(call, 'team_id'),
    models: texts(call, 'models') ?? [],
    metadata: object(call, 'metadata') ?? {},
    tags: texts(call, 'tags') ?? [],
    spend: 0,
    max_budget: number(call, 'max_budget'),
    budget_duration: text(call, 'budget_duration'),
    tpm_limit: number(call, 'tpm_limit'),
    rpm_limit: number(call, 'rpm_limit'),
    expires: expiry(call, now),
    blocked: flag(call, 'blocked'),
    created_at: at,
    created_by: by,
    updated_at: at,
    updated_by: by,
  };
  records.keys.set(record.token, record);
  return { key, record };
}

/** The one answer that shows the key. */
export function keyAnswer(key: string, record: KeyRecord): Record<string, unknown> {
  return { ...record, key, token: record.token, token_id: record.token };
}

function freeAlias(records: Records, alias: string): void {
  if ([...records.keys.values()].every((record) => record.key_alias !== alias)) return;
  const message = `Key with alias '${alias}' already exists. Unique key aliases across all keys are required.`;
  throw new Refused(proxyError(400, message, 'bad_request_error', 'key_alias'));
}

function expiry(call: Call, now: number): string | null {
  const duration = text(call, 'duration');
  if (duration === null) return null;
  const seconds = durationSeconds(duration);
  if (seconds === undefined) throw unprocessable('body', 'duration', 'Use 30s, 30m, 30h, 30d, 2w or 1mo', duration);
  return new Date(now + seconds * 1000).toISOString();
}

function touch(record: KeyRecord, call: Call, now: number): void {
  record.updated_at = new Date(now).toISOString();
  record.updated_by = changedBy(call);
}
