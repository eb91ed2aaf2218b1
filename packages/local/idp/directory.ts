/** The people and groups of the company, in memory, with the states an Okta user passes through. Speaks no HTTP and emits nothing: it says what changed. */
import { createHash, randomBytes } from 'node:crypto';
import { seeds } from './seeds.ts';

export type Status = 'STAGED' | 'ACTIVE' | 'SUSPENDED' | 'DEPROVISIONED';

/** Which of the company's identity providers somebody is in. */
export type Home = 'okta' | 'entra' | 'cognito' | 'identity-center' | 'auth0' | 'google';
export const homes: readonly Home[] = ['okta', 'entra', 'cognito', 'identity-center', 'auth0', 'google'];

export interface Person {
  /** Okta, unless said otherwise. */
  home?: Home;
  /** Like Okta's: `00u` and 17 letters or digits; never given twice. */
  id: string;
  email: string;
  name: string;
  status: Status;
  /** Ids of groups. */
  groups: string[];
  created: string;
  activated: string | null;
  statusChanged: string;
  lastUpdated: string;
}

export interface Group {
  /** `00g` and 17 letters or digits. */
  id: string;
  name: string;
  created: string;
  lastUpdated: string;
  lastMembershipUpdated: string;
}

/** One thing that happened, under the name that Okta's System Log gives it. */
export interface Change {
  eventType: EventType;
  person?: Person;
  group?: Group;
  /** What a renamed group was called. */
  formerly?: string;
}

export type EventType =
  | 'user.lifecycle.create'
  | 'user.lifecycle.activate'
  | 'user.lifecycle.reactivate'
  | 'user.lifecycle.deactivate'
  | 'user.lifecycle.suspend'
  | 'user.lifecycle.unsuspend'
  | 'user.lifecycle.delete.initiated'
  | 'user.account.update_profile'
  | 'group.lifecycle.create'
  | 'group.lifecycle.delete'
  | 'group.profile.update'
  | 'group.user_membership.add'
  | 'group.user_membership.remove';

export interface NewPerson {
  id?: string;
  home?: Home;
  email: string;
  name: string;
  active: boolean;
  /** Names of groups; one that does not exist is created. */
  groups: readonly string[];
}

export interface PersonPatch {
  email?: string;
  name?: string;
  active?: boolean;
  suspended?: boolean;
  groups?: readonly string[];
}

export interface DirectoryState {
  people: Person[];
  groups: Group[];
}

export interface Directory {
  people(): readonly Person[];
  groups(): readonly Group[];
  /** By id or e-mail; e-mails match whatever their case. */
  find(idOrEmail: string): Person | undefined;
  group(name: string): Group | undefined;
  groupsOf(person: Person): Group[];
  /** The e-mail and a given id must be free: the caller has looked. */
  create(wanted: NewPerson): { person: Person; changes: Change[] };
  update(person: Person, patch: PersonPatch): Change[];
  remove(person: Person): Change[];
  join(person: Person, group: string): Change[];
  leave(person: Person, group: Group): Change[];
  renameGroup(group: Group, name: string): Change[];
  /** Nobody is told of each member, as Okta does not. */
  removeGroup(group: Group): Change[];
  state(): DirectoryState;
}

/** @param now stack time in milliseconds. @param saved what an earlier run kept; absent: the seeds. */
export function createDirectory(now: () => number, saved?: DirectoryState): Directory {
  const people = new Map<string, Person>();
  const groups = new Map<string, Group>();
  if (saved) {
    for (const person of saved.people) people.set(person.id, person);
    for (const group of saved.groups) groups.set(group.id, group);
  } else {
    for (const seed of seeds) add({ ...seed, active: true, id: seededId('00u', seed.email) }, (name) => seededId('00g', name));
  }

  function stamp(): string {
    return new Date(now()).toISOString();
  }

  function find(idOrEmail: string): Person | undefined {
    const email = idOrEmail.toLowerCase();
    return people.get(idOrEmail) ?? [...people.values()].find((person) => person.email.toLowerCase() === email);
  }

  function group(name: string): Group | undefined {
    return [...groups.values()].find((one) => one.name === name);
  }

  function ensureGroup(name: string, changes: Change[], newId: (name: string) => string = () => randomId('00g')): Group {
    const known = group(name);
    if (known) return known;
    const at = stamp();
    const made: Group = { id: newId(name), name, created: at, lastUpdated: at, lastMembershipUpdated: at };
    groups.set(made.id, made);
    changes.push({ eventType: 'group.lifecycle.create', group: made });
    return made;
  }

  function add(wanted: NewPerson, newGroupId?: (name: string) => string): { person: Person; changes: Change[] } {
    const at = stamp();
    const person: Person = {
      ...(wanted.home !== undefined && wanted.home !== 'okta' && { home: wanted.home }),
      id: wanted.id ?? randomId('00u'),
      email: wanted.email,
      name: wanted.name,
      status: wanted.active ? 'ACTIVE' : 'STAGED',
      groups: [],
      created: at,
      activated: wanted.active ? at : null,
      statusChanged: at,
      lastUpdated: at,
    };
    people.set(person.id, person);
    const changes: Change[] = [{ eventType: 'user.lifecycle.create', person }];
    if (wanted.active) changes.push({ eventType: 'user.lifecycle.activate', person });
    for (const name of wanted.groups) changes.push(...join(person, name, newGroupId));
    return { person, changes };
  }

  function join(person: Person, name: string, newGroupId?: (name: string) => string): Change[] {
    const changes: Change[] = [];
    const joined = ensureGroup(name, changes, newGroupId);
    if (person.groups.includes(joined.id)) return changes;
    person.groups.push(joined.id);
    joined.lastMembershipUpdated = stamp();
    return [...changes, { eventType: 'group.user_membership.add', person, group: joined }];
  }

  function leave(person: Person, left: Group): Change[] {
    if (!person.groups.includes(left.id)) return [];
    person.groups = person.groups.filter((id) => id !== left.id);
    left.lastMembershipUpdated = stamp();
    return [{ eventType: 'group.user_membership.remove', person, group: left }];
  }

  function renameGroup(renamed: Group, name: string): Change[] {
    const formerly = renamed.name;
    renamed.name = name;
    renamed.lastUpdated = stamp();
    return [{ eventType: 'group.profile.update', group: renamed, formerly }];
  }

  function removeGroup(removed: Group): Change[] {
    groups.delete(removed.id);
    for (const person of people.values()) person.groups = person.groups.filter((id) => id !== removed.id);
    return [{ eventType: 'group.lifecycle.delete', group: removed }];
  }

  function groupsOf(person: Person): Group[] {
    return person.groups.flatMap((id) => groups.get(id) ?? []);
  }

  function turn(person: Person, status: Status, eventType: EventType): Change[] {
    const at = stamp();
    if (status === 'ACTIVE') person.activated ??= at;
    person.status = status;
    person.statusChanged = at;
    person.lastUpdated = at;
    return [{ eventType, person }];
  }

  function update(person: Person, patch: PersonPatch): Change[] {
    const changes: Change[] = [];
    const renamed = (patch.email ?? person.email) !== person.email || (patch.name ?? person.name) !== person.name;
    if (renamed) {
      person.email = patch.email ?? person.email;
      person.name = patch.name ?? person.name;
      person.lastUpdated = stamp();
      changes.push({ eventType: 'user.account.update_profile', person });
    }
    if (patch.active === true) changes.push(...activate(person));
    if (patch.active === false) changes.push(...deactivate(person));
    if (patch.suspended === true && person.status === 'ACTIVE') changes.push(...turn(person, 'SUSPENDED', 'user.lifecycle.suspend'));
    if (patch.suspended === false && person.status === 'SUSPENDED') changes.push(...turn(person, 'ACTIVE', 'user.lifecycle.unsuspend'));
    if (patch.groups) {
      const wanted = patch.groups;
      for (const held of groupsOf(person)) if (!wanted.includes(held.name)) changes.push(...leave(person, held));
      for (const name of wanted) changes.push(...join(person, name));
    }
    return changes;
  }

  function activate(person: Person): Change[] {
    if (person.status === 'STAGED') return turn(person, 'ACTIVE', 'user.lifecycle.activate');
    if (person.status === 'DEPROVISIONED') return turn(person, 'ACTIVE', 'user.lifecycle.reactivate');
    if (person.status === 'SUSPENDED') return turn(person, 'ACTIVE', 'user.lifecycle.unsuspend');
    return [];
  }

  function deactivate(person: Person): Change[] {
    return person.status === 'DEPROVISIONED' ? [] : turn(person, 'DEPROVISIONED', 'user.lifecycle.deactivate');
  }

  /** Okta deletes only who is deactivated, so a delete deactivates first and says both. */
  function remove(person: Person): Change[] {
    const changes = deactivate(person);
    people.delete(person.id);
    return [...changes, { eventType: 'user.lifecycle.delete.initiated', person }];
  }

  return {
    people: () => [...people.values()],
    groups: () => [...groups.values()],
    find,
    group,
    groupsOf,
    create: (wanted) => add(wanted),
    update,
    remove,
    join: (person, name) => join(person, name),
    leave,
    renameGroup,
    removeGroup,
    state: () => ({ people: [...people.values()], groups: [...groups.values()] }),
  };
}

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The same id at every fresh start, so that documents and tests may name it. */
export function seededId(prefix: '00u' | '00g', name: string): string {
  return prefix + letters(createHash('sha256').update(`${prefix}:${name}`).digest());
}

function randomId(prefix: '00u' | '00g'): string {
  return prefix + letters(randomBytes(32));
}

function letters(bytes: Buffer): string {
  return [...bytes.subarray(0, 17)].map((byte) => alphabet[byte % alphabet.length]).join('');
}

export function homeOf({ home = 'okta' }: Person): Home {
  return home;
}

/** How the person's own identity provider names them: Okta by our id, the others by one made of it, as theirs look. */
export function subjectOf(person: Person): string {
  const hex = () => createHash('sha256').update(person.id).digest('hex');
  switch (homeOf(person)) {
    case 'okta':
      return person.id;
    case 'auth0':
      return `auth0|${hex().slice(0, 24)}`;
    case 'google':
      return `1${BigInt(`0x${hex().slice(0, 16)}`)
        .toString()
        .padStart(20, '0')}`;
    default:
      return uuidOf(person.id);
  }
}

/** The same UUID for the same text, version 4 in looks. */
export function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
