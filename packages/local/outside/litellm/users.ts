/** LiteLLM's management of users: new, info, list, delete. */
import { randomUUID } from 'node:crypto';
import type { Answer, Call } from '../http.ts';
import { flag, number, object, pageNumber, text, texts } from './fields.ts';
import { type KeyPorts, keyAnswer, type ManagedHandler, makeKey } from './keys.ts';
import type { UserRecord } from './records.ts';
import { proxyError, unprocessable } from './refusals.ts';

/** @param ports.upserts as older versions do: a user id that exists is taken as if it were new. */
export function userHandlers(
  ports: KeyPorts & { upserts: boolean },
): Readonly<Record<'create' | 'info' | 'list' | 'remove', ManagedHandler>> {
  const { auth, records, save } = ports;

  /** `auto_create_key` is true unless it says otherwise: who does not send false leaves a key behind that nobody asked for. */
  async function create(call: Call): Promise<Answer> {
    const userId = text(call, 'user_id') ?? randomUUID();
    const email = text(call, 'user_email');
    const taken = [...records.users.values()].find((user) => user.user_id === userId || (email !== null && sameEmail(user, email)));
    if (taken && !(ports.upserts && taken.user_id === userId)) {
      const what = taken.user_id === userId ? `User with id ${userId}` : `User with email ${email}`;
      return proxyError(400, `{'error': '${what} already exists in DB.'}`, 'internal_server_error');
    }
    const at = new Date(auth.now()).toISOString();
    const user: UserRecord = taken ?? {
      user_id: userId,
      user_email: email,
      user_alias: text(call, 'user_alias'),
      user_role: text(call, 'user_role'),
      teams: texts(call, 'teams') ?? [],
      models: texts(call, 'models') ?? [],
      metadata: object(call, 'metadata') ?? {},
      spend: 0,
      max_budget: number(call, 'max_budget'),
      created_at: at,
      updated_at: at,
    };
    records.users.set(userId, user);
    const made = (flag(call, 'auto_create_key') ?? true) ? makeKey(records, auth.now(), call, userId) : undefined;
    await save();
    return { status: 200, body: { ...(made ? keyAnswer(made.key, made.record) : { key: '' }), ...user } };
  }

  function info(call: Call): Answer {
    const userId = call.query.get('user_id');
    const user = userId === null ? undefined : records.users.get(userId);
    if (userId !== null && !user) return proxyError(404, `User ${userId} not found`, 'internal_server_error', 'user_id');
    const keys = [...records.keys.values()].filter((record) => userId === null || record.user_id === userId);
    return { status: 200, body: { user_id: userId, user_info: user ?? null, keys, teams: [] } };
  }

  function list(call: Call): Answer {
    const page = pageNumber(call, 'page', 1);
    const size = pageNumber(call, 'page_size', 25, 100);
    const ids = call.query.get('user_ids')?.split(',');
    const email = call.query.get('user_email')?.toLowerCase();
    const found = [...records.users.values()].filter(
      (user) => (!ids || ids.includes(user.user_id)) && (!email || (user.user_email ?? '').toLowerCase().includes(email)),
    );
    const users = found.slice((page - 1) * size, page * size).map((user) => ({
      ...user,
      key_count: [...records.keys.values()].filter((record) => record.user_id === user.user_id).length,
    }));
    return { status: 200, body: { users, total: found.length, page, page_size: size, total_pages: Math.ceil(found.length / size) } };
  }

  /** Deletes the users' keys from the table and from no cache at all, not even this replica's. */
  async function remove(call: Call): Promise<Answer> {
    const ids = texts(call, 'user_ids');
    if (!ids) throw unprocessable('body', 'user_ids', 'Field required', call.body);
    const missing = ids.find((id) => !records.users.has(id));
    if (missing !== undefined) return proxyError(404, `{'error': 'User id=${missing} not found in db.'}`, 'internal_server_error');
    for (const record of [...records.keys.values()])
      if (record.user_id !== null && ids.includes(record.user_id)) records.keys.delete(record.token);
    for (const id of ids) records.users.delete(id);
    await save();
    return { status: 200, body: ids.length };
  }

  return { create, info, list, remove };
}

function sameEmail(user: UserRecord, email: string): boolean {
  return user.user_email?.toLowerCase() === email.toLowerCase();
}
