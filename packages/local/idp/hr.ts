/** The `/directory` API that plays the people department: joins, moves, leavers. A change is on disk and told to the world before it is answered. */
import { type Answer, type Call, Refused, type Route, route, type System } from '../outside/http.ts';
import { type Change, type Directory, type Home, homeOf, homes, type Person, type PersonPatch, subjectOf } from './directory.ts';
import { type IdTokenWish, maxTokenSeconds } from './id-token.ts';

export interface HrPorts {
  directory: Directory;
  /** Makes the changes durable and, unless silent, logs and emits them. */
  publish(changes: readonly Change[], silent: boolean): Promise<void>;
  signIdToken(person: Person, wish: IdTokenWish): Promise<string>;
}

const listLimit = 200;

export function hrSystem(ports: HrPorts): System {
  const { directory, publish } = ports;

  function show(person: Person): Record<string, unknown> {
    return {
      id: person.id,
      email: person.email,
      name: person.name,
      active: person.status === 'ACTIVE',
      status: statusWord(person),
      groups: directory.groupsOf(person).map((group) => group.name),
      idp: homeOf(person),
      subject: subjectOf(person),
    };
  }

  function named(call: Call): Person {
    const asked = call.params.id ?? '';
    const person = directory.find(asked);
    if (!person) throw refuse(404, `Nobody in the directory has the id or e-mail "${asked}"`);
    return person;
  }

  function groupNamed(call: Call) {
    const group = directory.group(call.params.group ?? '');
    if (!group) throw refuse(404, `No group is named "${call.params.group}"; there are ${groupNames(directory)}`);
    return group;
  }

  async function done(call: Call, changes: readonly Change[], person: Person, status = 200): Promise<Answer> {
    await publish(changes, isSilent(call));
    return { status, body: show(person) };
  }

  function list(call: Call): Answer {
    const limit = Math.min(Number(call.query.get('limit') ?? listLimit) || listLimit, listLimit);
    const email = call.query.get('email')?.toLowerCase();
    const all = directory.people().filter((person) => !email || person.email.toLowerCase() === email);
    const from = call.query.get('next') ? all.findIndex((person) => person.id === call.query.get('next')) : 0;
    if (from < 0) throw refuse(400, '"next" is not one that this list gave');
    const next = all[from + limit];
    return { status: 200, body: { users: all.slice(from, from + limit).map(show), ...(next ? { next: next.id } : {}) } };
  }

  async function create(call: Call): Promise<Answer> {
    onlyFields(call, ['id', 'email', 'name', 'active', 'groups', 'idp']);
    const email = emailField(call.body.email);
    const home = call.body.idp === undefined ? 'okta' : homeField(call.body.idp);
    // Two identity providers may each have somebody of one address.
    const holder = directory.people().find((one) => homeOf(one) === home && one.email.toLowerCase() === email.toLowerCase());
    if (holder) throw refuse(409, `"email": ${email} is taken by ${holder.id}`);
    const id = call.body.id === undefined ? undefined : idField(call.body.id);
    if (id !== undefined && directory.find(id)) throw refuse(409, `"id": ${id} is taken`);
    const { person, changes } = directory.create({
      ...(id === undefined ? {} : { id }),
      home,
      email,
      name: call.body.name === undefined ? nameFrom(email) : textField('name', call.body.name),
      active: call.body.active === undefined ? true : booleanField('active', call.body.active),
      groups: call.body.groups === undefined ? [] : groupsField(call.body.groups),
    });
    return await done(call, changes, person, 201);
  }

  async function change(call: Call): Promise<Answer> {
    const person = named(call);
    onlyFields(call, ['email', 'name', 'active', 'suspended', 'groups']);
    const { email, name, active, suspended, groups } = call.body;
    const patch: PersonPatch = {};
    if (email !== undefined) patch.email = emailField(email);
    if (name !== undefined) patch.name = textField('name', name);
    if (active !== undefined) patch.active = booleanField('active', active);
    if (suspended !== undefined) patch.suspended = booleanField('suspended', suspended);
    if (groups !== undefined) patch.groups = groupsField(groups);
    const holder = patch.email === undefined ? undefined : directory.find(patch.email);
    if (holder && holder !== person) throw refuse(409, `"email": ${patch.email} is taken by ${holder.id}`);
    if (patch.suspended === true && person.status !== 'ACTIVE' && person.status !== 'SUSPENDED') {
      throw refuse(400, `"suspended": only an active user can be suspended; ${person.email} is ${statusWord(person)}`);
    }
    return await done(call, directory.update(person, patch), person);
  }

  const routes: Route[] = [
    route('GET', '/users', list),
    route('POST', '/users', create),
    route('GET', '/users/:id', (call) => ({ status: 200, body: show(named(call)) })),
    route('PATCH', '/users/:id', change),
    route('DELETE', '/users/:id', async (call) => {
      const person = named(call);
      await publish(directory.remove(person), isSilent(call));
      return { status: 200, body: { ...show(person), status: 'deleted' } };
    }),
    route('PUT', '/groups/:group/members/:id', (call) => {
      const person = named(call);
      return done(call, directory.join(person, call.params.group ?? ''), person);
    }),
    route('DELETE', '/groups/:group/members/:id', (call) => {
      const person = named(call);
      return done(call, directory.leave(person, groupNamed(call)), person);
    }),
    route('PATCH', '/groups/:group', async (call) => {
      const group = groupNamed(call);
      onlyFields(call, ['name']);
      const name = textField('name', call.body.name);
      if (directory.group(name)) throw refuse(409, `"name": ${name} is taken`);
      await publish(directory.renameGroup(group, name), isSilent(call));
      return { status: 200, body: { id: group.id, name } };
    }),
    route('DELETE', '/groups/:group', async (call) => {
      const group = groupNamed(call);
      await publish(directory.removeGroup(group), isSilent(call));
      return { status: 200, body: { id: group.id, name: group.name } };
    }),
    route('GET', '/groups', () => ({
      status: 200,
      body: {
        groups: directory.groups().map((group) => ({
          id: group.id,
          name: group.name,
          members: directory
            .people()
            .filter((person) => person.groups.includes(group.id))
            .map((person) => person.id),
        })),
      },
    })),
    route('POST', '/users/:id/id-token', async (call) => {
      const person = named(call);
      return { status: 200, body: { id_token: await ports.signIdToken(person, tokenWish(call)) } };
    }),
  ];
  return { prefix: '/directory', routes, refuse: (status, message) => ({ status, body: { error: message } }) };
}

function refuse(status: number, message: string): Refused {
  return new Refused({ status, body: { error: message } });
}

function isSilent(call: Call): boolean {
  return ['1', 'true'].includes(call.query.get('silent') ?? '');
}

function statusWord(person: Person): string {
  return { STAGED: 'staged', ACTIVE: 'active', SUSPENDED: 'suspended', DEPROVISIONED: 'deactivated' }[person.status];
}

function groupNames(directory: Directory): string {
  return directory
    .groups()
    .map((group) => group.name)
    .join(', ');
}

function onlyFields(call: Call, known: readonly string[]): void {
  const unknown = Object.keys(call.body).find((field) => !known.includes(field));
  if (unknown !== undefined) throw refuse(400, `"${unknown}" is no field here; there are ${known.join(', ')}`);
}

function emailField(value: unknown): string {
  if (typeof value !== 'string' || !/^[^\s@/]+@[^\s@/]+$/.test(value))
    throw refuse(400, `"email" is an e-mail address, not ${JSON.stringify(value)}`);
  return value;
}

function idField(value: unknown): string {
  if (typeof value !== 'string' || !/^00u[0-9A-Za-z]{17}$/.test(value))
    throw refuse(400, '"id" is 00u and 17 letters or digits; leave it out to get one');
  return value;
}

function homeField(value: unknown): Home {
  const home = homes.find((one) => one === value);
  if (!home) throw refuse(400, `"idp" is one of ${homes.join(', ')}`);
  return home;
}

function textField(field: string, value: unknown): string {
  if (typeof value !== 'string' || value.trim() === '' || value.length > 200)
    throw refuse(400, `"${field}" is a text of 1 to 200 characters`);
  return value;
}

function booleanField(field: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw refuse(400, `"${field}" is true or false, not ${JSON.stringify(value)}`);
  return value;
}

function groupsField(value: unknown): string[] {
  if (!Array.isArray(value)) throw refuse(400, '"groups" is a list of group names');
  return value.map((name) => textField('groups', name));
}

function nameFrom(email: string): string {
  const local = email.split('@')[0] ?? email;
  return local.charAt(0).toUpperCase() + local.slice(1);
}

function tokenWish(call: Call): IdTokenWish {
  onlyFields(call, ['audience', 'expires_in', 'claims', 'type']);
  const { audience, expires_in: expiresIn, claims, type } = call.body;
  const wish: IdTokenWish = {};
  if (audience !== undefined) wish.audience = textField('audience', audience);
  if (type !== undefined) wish.type = textField('type', type);
  if (expiresIn !== undefined) {
    if (typeof expiresIn !== 'number' || !(Math.abs(expiresIn) <= maxTokenSeconds)) {
      throw refuse(400, `"expires_in" is seconds, at most ${maxTokenSeconds}; negative for a token that has expired`);
    }
    wish.expiresInSeconds = expiresIn;
  }
  if (claims !== undefined) {
    if (typeof claims !== 'object' || claims === null || Array.isArray(claims))
      throw refuse(400, '"claims" is an object; null takes a claim away');
    wish.claims = { ...claims };
  }
  return wish;
}
