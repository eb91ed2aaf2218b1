/** Who calls Coder, by the header `Coder-Session-Token`, and what they may see. Workspace agents are told apart elsewhere. */
import { type Answer, type Call, type Handler, Refused } from '../http.ts';
import { hashSecret, type Store, type User } from './state.ts';

export interface AccessOptions {
  store: Store;
  /** The service account's own token, accepted beside those of the table. */
  serviceToken: string;
  serviceUserId: string;
  /** Stack time in milliseconds. */
  now(): number;
}

export function coderError(status: number, message: string, detail?: string): Answer {
  return { status, body: { message, ...(detail === undefined ? {} : { detail }) } };
}

export function refused(status: number, message: string, detail?: string): Refused {
  return new Refused(coderError(status, message, detail));
}

export function invalid(field: string, detail: string): Refused {
  return new Refused({ status: 400, body: { message: 'Validation failed.', validations: [{ field, detail }] } });
}

/** Tokens of a suspended user stay in the table and are refused here. */
export function signedIn(options: AccessOptions, handler: (call: Call, actor: User) => Answer | Promise<Answer>): Handler {
  return (call) => {
    const actor = actorOf(options, call);
    if (actor.status === 'suspended') return coderError(401, 'User is not active (status = "suspended").');
    return handler(call, actor);
  };
}

export function adminOnly(options: AccessOptions, handler: (call: Call, actor: User) => Answer | Promise<Answer>): Handler {
  return signedIn(options, (call, actor) => (isAdmin(actor) ? handler(call, actor) : coderError(403, 'Forbidden.')));
}

export function isAdmin(user: User): boolean {
  return user.roles.includes('owner') || user.roles.includes('user-admin');
}

export function presentedToken(call: Call): string | undefined {
  const header = call.headers['coder-session-token'];
  return typeof header === 'string' ? header : undefined;
}

function actorOf(options: AccessOptions, call: Call): User {
  const { store } = options;
  const presented = presentedToken(call);
  if (presented === undefined) throw refused(401, 'The header Coder-Session-Token is missing.');
  const service = store.users.get(options.serviceUserId);
  if (presented === options.serviceToken && service) return service;
  const [id = '', secret = ''] = presented.split('-');
  const token = store.tokens.get(id);
  if (!token || token.secretHash !== hashSecret(secret)) throw refused(401, 'API key is invalid.');
  if (token.expiresAt <= options.now()) throw refused(401, 'API key expired.');
  const user = store.users.get(token.userId);
  if (!user || user.deleted) throw refused(401, 'API key is invalid.');
  return user;
}

/** The user that a path names by id, by name in any case, or as `me`. Others than admins see only themselves. */
export function namedUser(options: AccessOptions, call: Call, actor: User): User {
  const asked = call.params.user ?? '';
  const user =
    asked === 'me'
      ? actor
      : [...options.store.users.values()].find(
          (one) => !one.deleted && (one.id === asked || one.username.toLowerCase() === asked.toLowerCase()),
        );
  if (!user || (user !== actor && !isAdmin(actor))) throw refused(404, 'Resource not found or you do not have access to this resource');
  return user;
}

/** `key:value` terms of a search; words without a key are joined under the empty key. */
export function searchTerms(query: string): Map<string, string> {
  const terms = new Map<string, string>();
  for (const word of query.trim().toLowerCase().split(/\s+/).filter(Boolean)) {
    const [, key = '', value = word] = /^([a-z_-]+):(.*)$/.exec(word) ?? [];
    terms.set(key, key === '' && terms.has('') ? `${terms.get('')} ${value}` : value);
  }
  return terms;
}

/** `limit` and `offset`; no limit unless given. */
export function pageOf<Item>(call: Call, items: readonly Item[]): Item[] {
  const read = (name: string) => {
    const value = Number(call.query.get(name) ?? 0);
    if (!Number.isInteger(value) || value < 0) throw invalid(name, 'must be a whole number, zero or above');
    return value;
  };
  const [limit, offset] = [read('limit'), read('offset')];
  return items.slice(offset, limit === 0 ? undefined : offset + limit);
}
