/** Coder's user secrets: create, change, list, delete. A list never shows a value; the agent of a running task gets them in its environment. */
import { type Answer, type Call, type Route, route } from '../http.ts';
import { type AccessOptions, invalid, namedUser, refused, signedIn } from './access.ts';
import { type Secret, type User, uuidOf } from './state.ts';

export function secretRoutes(options: AccessOptions, save: () => Promise<void>): Route[] {
  const { store } = options;
  const at = (user: User, name: string) => `${user.id}/${name}`;

  function found(call: Call, user: User): Secret {
    const secret = store.secrets.get(at(user, call.params.name ?? ''));
    if (!secret) throw refused(404, 'Resource not found or you do not have access to this resource');
    return secret;
  }

  async function create(call: Call, actor: User): Promise<Answer> {
    const user = namedUser(options, call, actor);
    const { name, value, env_name: variable } = call.body;
    if (typeof name !== 'string' || name === '') throw invalid('name', 'is required');
    if (typeof value !== 'string') throw invalid('value', 'is required');
    if (store.secrets.has(at(user, name))) throw refused(409, `A secret with name "${name}" already exists.`);
    const secret: Secret = { id: uuidOf(), userId: user.id, name, value, variable: typeof variable === 'string' ? variable : '' };
    store.secrets.set(at(user, name), secret);
    await save();
    return { status: 201, body: show(secret) };
  }

  async function change(call: Call, actor: User): Promise<Answer> {
    const secret = found(call, namedUser(options, call, actor));
    const { value, env_name: variable } = call.body;
    if (typeof value === 'string') secret.value = value;
    if (typeof variable === 'string') secret.variable = variable;
    await save();
    return { status: 200, body: show(secret) };
  }

  async function remove(call: Call, actor: User): Promise<Answer> {
    const user = namedUser(options, call, actor);
    store.secrets.delete(at(user, found(call, user).name));
    await save();
    return { status: 204 };
  }

  const list = (call: Call, actor: User): Answer => {
    const user = namedUser(options, call, actor);
    return { status: 200, body: [...store.secrets.values()].filter(({ userId }) => userId === user.id).map(show) };
  };

  const path = '/api/v2/users/:user/secrets';
  return [
    route('GET', path, signedIn(options, list)),
    route('POST', path, signedIn(options, create)),
    route('PATCH', `${path}/:name`, signedIn(options, change)),
    route('DELETE', `${path}/:name`, signedIn(options, remove)),
    route(
      'GET',
      `${path}/:name`,
      signedIn(options, (call, actor) => ({ status: 200, body: show(found(call, namedUser(options, call, actor))) })),
    ),
  ];
}

/** What the environment of the user's tasks has. */
export function environmentOf(secrets: Iterable<Secret>, userId: string): Record<string, string> {
  const theirs = [...secrets].filter((secret) => secret.userId === userId && secret.variable !== '');
  return Object.fromEntries(theirs.map(({ variable, value }) => [variable, value]));
}

function show({ id, name, variable }: Secret): Record<string, unknown> {
  return { id, name, env_name: variable, file_path: '', description: '' };
}
