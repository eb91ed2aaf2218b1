/** Coder's users and their tokens: create, find, suspend, activate, delete. */
import { type Answer, type Call, type Route, route } from '../http.ts';
import {
  type AccessOptions,
  adminOnly,
  coderError,
  invalid,
  isAdmin,
  namedUser,
  pageOf,
  refused,
  searchTerms,
  signedIn,
} from './access.ts';
import { isDeleted } from './builds.ts';
import { showToken, showUser } from './show.ts';
import { buildsOf, hashSecret, organizationId, sessionToken, type User, uuidOf, workspacesOf } from './state.ts';

const dayMs = 24 * 3600 * 1000;
export const usernamePattern = /^[a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*$/;

export function userRoutes(options: AccessOptions, save: () => Promise<void>): Route[] {
  const { store } = options;

  function list(call: Call, actor: User): Answer {
    const terms = searchTerms(call.query.get('q') ?? '');
    const found = [...store.users.values()]
      .filter((user) => !user.deleted && (isAdmin(actor) || user === actor) && matches(user, terms))
      .sort((one, other) => one.username.localeCompare(other.username));
    return { status: 200, body: { users: pageOf(call, found).map(showUser), count: found.length } };
  }

  async function create(call: Call): Promise<Answer> {
    const { username, email, name, organization_ids: organizations, user_status: status, login_type: loginType } = call.body;
    if (typeof username !== 'string' || !usernamePattern.test(username) || username.length > 32)
      throw invalid('username', 'letters and digits, joined by single hyphens, at most 32');
    if (typeof email !== 'string' || !email.includes('@')) throw invalid('email', 'must be an e-mail address');
    if (!Array.isArray(organizations) || organizations.length === 0)
      throw invalid('organization_ids', 'at least one organization is required');
    if (organizations.some((id) => id !== organizationId)) throw refused(404, 'Organization does not exist.');
    const taken = [...store.users.values()].some(
      (user) =>
        !user.deleted && (user.username.toLowerCase() === username.toLowerCase() || user.email.toLowerCase() === email.toLowerCase()),
    );
    if (taken) throw refused(409, 'User already exists.');
    const now = options.now();
    const user: User = {
      id: uuidOf(),
      username,
      email,
      name: typeof name === 'string' ? name : '',
      status: status === 'active' ? 'active' : 'dormant',
      roles: [],
      loginType: typeof loginType === 'string' ? loginType : 'password',
      deleted: false,
      createdAt: now,
      updatedAt: now,
    };
    store.users.set(user.id, user);
    await save();
    return { status: 201, body: showUser(user) };
  }

  function turn(status: 'active' | 'suspended') {
    return async (call: Call, actor: User): Promise<Answer> => {
      const user = namedUser(options, call, actor);
      if (status === 'suspended' && user === actor) throw refused(400, 'You cannot suspend yourself.');
      if (status === 'suspended' && user.roles.includes('owner'))
        throw refused(400, 'A user with the role "owner" cannot be suspended; take the role away first.');
      user.status = status;
      user.updatedAt = options.now();
      await save();
      return { status: 200, body: showUser(user) };
    };
  }

  /** Soft: the name is free again at once, tokens are gone. Refused while the user owns any workspace, stopped ones too. */
  async function remove(call: Call, actor: User): Promise<Answer> {
    const user = namedUser(options, call, actor);
    if (user === actor) throw refused(403, 'You cannot delete yourself.');
    const owned = workspacesOf(store, user.id).filter((workspace) => !isDeleted(buildsOf(store, workspace), options.now()));
    if (owned.length > 0) return coderError(417, 'The user still has workspaces; delete them and try again.');
    user.deleted = true;
    user.updatedAt = options.now();
    for (const token of [...store.tokens.values()]) if (token.userId === user.id) store.tokens.delete(token.id);
    for (const [place, secret] of [...store.secrets]) if (secret.userId === user.id) store.secrets.delete(place);
    await save();
    return { status: 200, body: { message: 'User has been deleted.' } };
  }

  function listTokens(call: Call, actor: User): Answer {
    const user = namedUser(options, call, actor);
    const expiredToo = call.query.get('include_expired') === 'true';
    const found = [...store.tokens.values()].filter((token) => token.userId === user.id && (expiredToo || token.expiresAt > options.now()));
    return { status: 200, body: found.map((token) => showToken(token, options.now())) };
  }

  async function createToken(call: Call, actor: User): Promise<Answer> {
    const user = namedUser(options, call, actor);
    const made = sessionToken();
    const name = typeof call.body.token_name === 'string' ? call.body.token_name : made.id;
    const taken = [...store.tokens.values()].some((token) => token.userId === user.id && token.name === name);
    if (taken) throw refused(409, `A token with name "${name}" already exists.`);
    // Coder's lifetime is a Go duration: nanoseconds.
    const lifetimeMs = typeof call.body.lifetime === 'number' && call.body.lifetime > 0 ? call.body.lifetime / 1e6 : 30 * dayMs;
    const now = options.now();
    store.tokens.set(made.id, {
      id: made.id,
      userId: user.id,
      name,
      secretHash: hashSecret(made.secret),
      createdAt: now,
      expiresAt: now + lifetimeMs,
    });
    await save();
    return { status: 201, body: { key: made.token } };
  }

  function endToken(end: (id: string) => void) {
    return async (call: Call, actor: User): Promise<Answer> => {
      const user = namedUser(options, call, actor);
      const token = store.tokens.get(call.params.key ?? '');
      if (token?.userId !== user.id) throw refused(404, 'Resource not found or you do not have access to this resource');
      end(token.id);
      await save();
      return { status: 204 };
    };
  }
  const expire = (id: string) => {
    const token = store.tokens.get(id);
    if (token) token.expiresAt = Math.min(token.expiresAt, options.now());
  };

  return [
    route('GET', '/api/v2/users', signedIn(options, list)),
    route('POST', '/api/v2/users', adminOnly(options, create)),
    route(
      'GET',
      '/api/v2/users/:user',
      signedIn(options, (call, actor) => ({ status: 200, body: showUser(namedUser(options, call, actor)) })),
    ),
    route('DELETE', '/api/v2/users/:user', adminOnly(options, remove)),
    route('PUT', '/api/v2/users/:user/status/suspend', adminOnly(options, turn('suspended'))),
    route('PUT', '/api/v2/users/:user/status/activate', adminOnly(options, turn('active'))),
    route('GET', '/api/v2/users/:user/keys/tokens', signedIn(options, listTokens)),
    route('POST', '/api/v2/users/:user/keys/tokens', signedIn(options, createToken)),
    route(
      'DELETE',
      '/api/v2/users/:user/keys/:key',
      signedIn(
        options,
        endToken((id) => void store.tokens.delete(id)),
      ),
    ),
    route('PUT', '/api/v2/users/:user/keys/:key/expire', signedIn(options, endToken(expire))),
  ];
}

function matches(user: User, terms: Map<string, string>): boolean {
  for (const [key, value] of terms) {
    if (key === 'status' && user.status !== value) return false;
    if (key === 'email' && user.email.toLowerCase() !== value) return false;
    if (key === 'username' && user.username.toLowerCase() !== value) return false;
    if (key === '' && ![user.username, user.email, user.name].some((text) => text.toLowerCase().includes(value))) return false;
  }
  return true;
}
