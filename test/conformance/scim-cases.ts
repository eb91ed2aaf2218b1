/**
 * The published SCIM test collections as data: what each request of theirs is about and what it demands, in our own words and with our own
 * values. A demand that cannot be made of a SCIM server here is left out with the reason, and counted.
 */

export interface Source {
  name: string;
  /** Repository, file and commit. */
  file: string;
  licence: string;
  /** How many assertions the collection itself makes. */
  assertions: number;
}

/** One demand of an answer: of its status, its time, its whole text, or a member by its path, e.g. `Resources.0.id`. */
export interface Check {
  says: string;
  at?: string;
  is?: unknown;
  below?: number;
  has?: string;
  lacks?: string;
  filled?: true;
  number?: true;
  /** Why it is not made here. */
  leftOut?: string;
}

export interface Step {
  test: string;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `/scim/v2/`; `{name}` stands for what an earlier step kept. */
  path: string;
  body?: unknown;
  /** Without the bearer. */
  anonymous?: true;
  /** Keeps the answer's id under this name. */
  keep?: string;
  checks: readonly Check[];
}

const userSchema = 'urn:ietf:params:scim:schemas:core:2.0:User';
const groupSchema = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const patchSchema = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const listSchema = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';
const errorSchema = 'urn:ietf:params:scim:api:messages:2.0:Error';

const status = (is: number): Check => ({ says: `answers ${is}`, at: 'http', is });
const filled = (at: string): Check => ({ says: `${at} is there`, at, filled: true });
const equal = (at: string, is: unknown): Check => ({ says: `${at} is ${JSON.stringify(is)}`, at, is });
const isNumber = (at: string): Check => ({ says: `${at} is a number`, at, number: true });
const has = (at: string, value: string): Check => ({ says: `${at} has ${value}`, at, has: value });
const shows = (value: string): Check => ({ says: `the answer shows ${value}`, at: 'text', has: value });
const hides = (value: string): Check => ({ says: `the answer does not show ${value}`, at: 'text', lacks: value });
const patch = (...Operations: object[]) => ({ schemas: [patchSchema], Operations });
const filter = (text: string) => `filter=${encodeURIComponent(text)}`;
const get = (test: string, path: string, ...checks: Check[]): Step => ({ test, method: 'GET', path, checks });
const remove = (test: string, path: string): Step => ({ test, method: 'DELETE', path, checks: [status(204)] });

const okta = 'okta/okta-developer-docs@468de9c5 packages/@okta/vuepress-site/.vuepress/public/standards/SCIM/SCIMFiles';
const oktaLicence = 'Apache-2.0 by its package.json; assertions restated, no text taken';

export const oktaSpec: Source = { name: 'Okta SPEC', file: `${okta}/Okta-SCIM-20-SPEC-Test.json`, licence: oktaLicence, assertions: 52 };
export const oktaCrud: Source = { name: 'Okta CRUD', file: `${okta}/Okta-SCIM-20-CRUD-Test.json`, licence: oktaLicence, assertions: 21 };
export const entra: Source = {
  name: 'Entra reference code',
  file: 'AzureAD/SCIMReferenceCode@d445ef90 PostmanCollection.json',
  licence: 'MIT; assertions restated, no text taken',
  assertions: 104,
};

const person = (userName: string, givenName: string, familyName: string) => ({
  schemas: [userSchema],
  userName,
  name: { givenName, familyName },
  emails: [{ primary: true, value: userName, type: 'work' }],
  displayName: `${givenName} ${familyName}`,
  active: true,
});

const named = (at: string): Check[] => [
  filled(`${at}id`),
  filled(`${at}name.familyName`),
  filled(`${at}name.givenName`),
  filled(`${at}userName`),
  filled(`${at}active`),
  filled(`${at}emails.0.value`),
];

const spec = 'spec.one@example.com';

export const oktaSpecSteps: readonly Step[] = [
  {
    test: 'a first user, as the suite wants one there',
    method: 'POST',
    path: 'Users',
    body: person('first@example.com', 'Fay', 'First'),
    keep: 'first',
    checks: [],
  },
  get(
    'the users endpoint',
    'Users?count=1&startIndex=1',
    status(200),
    filled('Resources'),
    has('schemas', listSchema),
    isNumber('itemsPerPage'),
    isNumber('startIndex'),
    isNumber('totalResults'),
    ...named('Resources.0.'),
  ),
  get('one user', 'Users/{first}', status(200), ...named(''), equal('id', '{first}')),
  get(
    'a name that nobody has',
    `Users?${filter('userName eq "abcdefgh@example.com"')}`,
    status(200),
    has('schemas', listSchema),
    equal('totalResults', 0),
  ),
  get('an id that nobody has', 'Users/nobody-has-this', status(404), filled('detail'), has('schemas', errorSchema)),
  get(
    'the name to come is free',
    `Users?${filter(`userName eq "${spec}"`)}`,
    status(200),
    equal('totalResults', 0),
    has('schemas', listSchema),
  ),
  {
    test: 'create a user',
    method: 'POST',
    path: 'Users',
    body: person(spec, 'Sam', 'Spec'),
    keep: 'one',
    checks: [
      status(201),
      equal('active', true),
      filled('id'),
      equal('name.familyName', 'Spec'),
      equal('name.givenName', 'Sam'),
      has('schemas', userSchema),
      equal('userName', spec),
    ],
  },
  get(
    'the user is there',
    'Users/{one}',
    status(200),
    equal('userName', spec),
    equal('name.familyName', 'Spec'),
    equal('name.givenName', 'Sam'),
  ),
  { test: 'the same user again', method: 'POST', path: 'Users', body: person(spec, 'Sam', 'Spec'), checks: [status(409)] },
  get('a name in other case', `Users?${filter(`userName eq "${spec.toUpperCase()}"`)}`, status(200)),
  get('the groups endpoint', 'Groups', status(200), { says: 'answers within 600 ms', at: 'milliseconds', below: 600 }),
  {
    test: 'no bearer',
    method: 'GET',
    path: `Users?${filter(`userName eq "${spec}"`)}`,
    anonymous: true,
    checks: [status(401), filled('detail'), equal('status', '401'), has('schemas', errorSchema)],
  },
  get(
    'an id of digits that nobody has',
    'Users/00919288221112222',
    status(404),
    filled('detail'),
    equal('status', '404'),
    has('schemas', errorSchema),
  ),
];

const oktaItself = (says: string): Check => ({ says, leftOut: 'an answer of Okta’s own API: no SCIM server gives it' });
const crud = 'crud.one@example.com';
const off = patch({ op: 'replace', value: { active: false } });
const on = patch({ op: 'replace', value: { active: true } });

/** What Okta sends a SCIM server for each thing that the suite does in Okta. */
export const oktaCrudSteps: readonly Step[] = [
  get('the application is there', 'ServiceProviderConfig', oktaItself('Okta finds the application')),
  {
    test: 'a user is added and assigned',
    method: 'POST',
    path: 'Users',
    body: person(crud, 'Cleo', 'Crud'),
    keep: 'one',
    checks: [oktaItself('Okta makes the user'), oktaItself('Okta assigns the user')],
  },
  get(
    'the user has come',
    `Users?${filter(`userName eq "${crud}"`)}`,
    status(200),
    equal('Resources.0.userName', crud),
    equal('Resources.0.emails.0.value', crud),
    equal('Resources.0.name.familyName', 'Crud'),
    equal('Resources.0.name.givenName', 'Cleo'),
  ),
  {
    test: 'the first name changes',
    method: 'PUT',
    path: 'Users/{one}',
    body: person(crud, 'Chloe', 'Crud'),
    checks: [oktaItself('Okta changes the profile')],
  },
  get('the first name has changed', 'Users/{one}', status(200), equal('name.givenName', 'Chloe')),
  { test: 'the user is deactivated', method: 'PATCH', path: 'Users/{one}', body: off, checks: [oktaItself('Okta deactivates')] },
  get('the user is inactive and still there', 'Users/{one}', status(200), equal('active', false)),
  {
    test: 'the user is back and assigned',
    method: 'PATCH',
    path: 'Users/{one}',
    body: on,
    checks: [oktaItself('Okta activates'), oktaItself('Okta assigns again')],
  },
  get('the user is active again', 'Users/{one}', status(200), equal('active', true)),
  {
    test: 'the assignment is taken away',
    method: 'PATCH',
    path: 'Users/{one}',
    body: off,
    checks: [oktaItself('Okta takes the assignment away')],
  },
  get('the user is inactive once more', 'Users/{one}', status(200), equal('active', false)),
];

/** With the capitals that the collection writes attributes in. */
const entraUser = (userName: string, more: object = {}) => ({
  schemas: [userSchema],
  userName,
  active: true,
  displayName: 'Display Given',
  externalId: `external-${userName}`,
  name: { formatted: 'Given Family', familyName: 'Family', givenName: 'Given' },
  emails: [
    { Primary: true, type: 'work', value: `${userName}@work.example.com` },
    { Primary: false, type: 'home', value: `${userName}@home.example.com` },
  ],
  ...more,
});
const withDepartment = { schemas: [enterprise, userSchema], [enterprise]: { Department: 'Tools', Manager: { Value: 'boss' } } };

/** A full profile with what real exports leave null or empty. */
const fullUser = (userName: string | undefined, familyName: string, more: object = {}) => ({
  ...(userName !== undefined && { userName }),
  active: true,
  addresses: [
    {
      country: 'Bermuda',
      formatted: '1 High Street',
      locality: 'Town',
      postalCode: '1',
      region: 'North',
      streetAddress: '1 High Street',
      type: 'work',
      primary: false,
    },
    {
      country: null,
      formatted: '2 Low Street',
      locality: null,
      postalCode: null,
      region: null,
      streetAddress: null,
      type: 'other',
      primary: false,
    },
  ],
  displayName: 'Kim Kay',
  emails: [
    { type: 'work', primary: true, value: `${userName ?? 'nobody'}@example.com` },
    { type: 'other', primary: false, value: `${userName ?? 'nobody'}@other.example.net` },
  ],
  meta: { created: '2019-09-18T18:15:26.5788954+00:00', lastModified: '2019-09-18T18:15:26.5788976+00:00', resourceType: 'User' },
  name: { formatted: 'Dan Mack', familyName, givenName: 'Dan', honorificPrefix: null, honorificSuffix: null },
  phoneNumbers: [{ type: 'fax', primary: false, value: '312-320-0500' }],
  preferredLanguage: 'xh',
  roles: [],
  title: 'Site engineer',
  externalId: 'one-external-id-for-several',
  schemas: [userSchema],
  ...more,
});

const post = (test: string, path: string, body: unknown, keep: string, ...checks: Check[]): Step => ({
  test,
  method: 'POST',
  path,
  body,
  keep,
  checks: [status(201), ...checks],
});
const group = (displayName: string, members: readonly object[] = []) => ({
  schemas: [groupSchema],
  externalId: `external-${displayName}`,
  displayName,
  members,
});
const noMisspelling = 'Addresses';
const displayNameOfMember: Check = {
  says: 'a member shows the displayName that it was added with',
  leftOut:
    'RFC 7643 section 8.7.1 gives members value, $ref, type and display, no displayName; that the member is there is checked beside it',
};

export const entraSteps: readonly Step[] = [
  get('a token', 'ServiceProviderConfig', {
    says: 'the token endpoint answers 200',
    leftOut: 'the reference server’s own way to make a token; ours is a secret',
  }),
  get('users', 'Users', status(200)),
  get('groups', 'Groups', status(200)),
  get('resource types', 'ResourceTypes', status(200), equal('Resources.0.endpoint', '/Users')),
  get('service provider configuration', 'ServiceProviderConfig', status(200), equal('patch.supported', true)),
  get('schemas', 'Schemas', status(200), shows('User Account')),

  post('a user', 'Users', entraUser('UserName123'), 'id1'),
  post('an enterprise user', 'Users', entraUser('UserName222', withDepartment), 'id2'),
  get('the first', 'Users/{id1}', status(200), equal('id', '{id1}')),
  get('the second', 'Users/{id2}', status(200), equal('id', '{id2}')),
  get('two attributes', 'Users?attributes=userName,emails', status(200), shows('{id1}')),
  get('by display name', `Users/?${filter('DisplayName eq "Display Given"')}`, shows('{id1}')),
  {
    test: 'a new userName',
    method: 'PATCH',
    path: 'Users/{id1}',
    body: patch({ op: 'replace', path: 'userName', value: 'renamed3' }),
    checks: [],
  },
  get('the new userName', 'Users/{id1}', status(200), equal('id', '{id1}'), equal('userName', 'renamed3')),
  {
    test: 'replace the second',
    method: 'PUT',
    path: 'Users/{id2}',
    body: { ...entraUser('UserNameReplace2', withDepartment), id: '{id2}', name: { formatted: 'New Name' } },
    checks: [status(200)],
  },
  get('the second as replaced', 'Users/{id2}', status(200), equal('name.formatted', 'New Name')),
  remove('delete the first', 'Users/{id1}'),
  remove('delete the second', 'Users/{id2}'),

  post('an empty group', 'Groups', group('Group1DisplayName'), 'groupid'),
  post('a third user', 'Users', entraUser('UserName333', withDepartment), 'id3'),
  post('a fourth user', 'Users', entraUser('UserName444', withDepartment), 'id4'),
  post('a group with a member', 'Groups', group('GroupDisplayName2', [{ value: '{id3}', display: 'VP' }]), 'groupid2'),
  get('groups again', 'Groups', status(200)),
  post('a third group', 'Groups', group('GroupDisplayName3'), 'groupid3'),
  {
    test: 'replace the third group',
    method: 'PUT',
    path: 'Groups/{groupid3}',
    body: { ...group('putName', [{ value: '{id3}', display: 'VP' }, { value: '{id4}' }]), id: '{groupid3}' },
    checks: [status(200)],
  },
  get('the third group as replaced', 'Groups/{groupid3}', status(200), equal('id', '{groupid3}'), shows('{id3}')),
  {
    test: 'add a member',
    method: 'PATCH',
    path: 'Groups/{groupid}',
    body: patch({ name: 'addMember', op: 'add', path: 'members', value: [{ displayName: 'new User', value: '{id4}' }] }),
    checks: [],
  },
  {
    test: 'remove the member',
    method: 'PATCH',
    path: 'Groups/{groupid}',
    body: patch({ op: 'remove', path: 'members[value eq "{id4}"]' }),
    checks: [],
  },
  {
    test: 'add the member again',
    method: 'PATCH',
    path: 'Groups/{groupid}',
    body: patch({ name: 'addMember', op: 'add', path: 'members', value: [{ displayName: 'new User', value: '{id4}' }] }),
    checks: [],
  },
  get('the group with the member', 'Groups/{groupid}', status(200), equal('id', '{groupid}'), displayNameOfMember),
  get('the member is there', 'Groups/{groupid}', equal('members.0.value', '{id4}')),
  { test: 'remove everybody', method: 'PATCH', path: 'Groups/{groupid}', body: patch({ op: 'remove', path: 'members' }), checks: [] },
  get('the group without members', 'Groups/{groupid}', status(200), equal('id', '{groupid}'), hides('new User')),
  get('the member is gone', 'Groups/{groupid}', hides('{id4}')),
  remove('delete the third user', 'Users/{id3}'),
  remove('delete the fourth user', 'Users/{id4}'),
  remove('delete the group', 'Groups/{groupid}'),
  remove('delete the second group', 'Groups/{groupid2}'),
  remove('delete the third group', 'Groups/{groupid3}'),

  post(
    'a user with an address that is none',
    'Users',
    entraUser('UserName111', { ...withDepartment, emails: [{ Primary: true, type: 'work', value: 'no-address-357' }] }),
    'id1',
  ),
  post('a user beside', 'Users', entraUser('UserName222', withDepartment), 'id2'),
  get('an attribute by type', `Users?attributes=${encodeURIComponent('emails[type eq "work"]')}`, status(200), shows('no-address-357')),
  get(
    'an attribute by value',
    `Users?attributes=${encodeURIComponent('emails[value eq "no-address-357"]')}`,
    status(200),
    shows('no-address-357'),
  ),
  remove('delete the one', 'Users/{id1}'),
  remove('delete the other', 'Users/{id2}'),

  post('a full user', 'Users', fullUser('OMalley', 'OMalley'), 'user1', equal('userName', 'OMalley'), equal('active', true)),
  post('active as a text', 'Users', fullUser('emp1', 'Employee', { active: 'True' }), 'user2', equal('active', true)),
  get('both users', 'Users', status(200), equal('totalResults', 2), shows('OMalley')),
  post('a third full user', 'Users', fullUser('emp2', 'Employee'), 'user3'),
  post('a fourth full user', 'Users', fullUser('emp3', 'Employee'), 'user4'),
  { test: 'no userName', method: 'POST', path: 'Users', body: fullUser(undefined, 'Employee'), checks: [status(400)] },
  { test: 'no JSON', method: 'POST', path: 'Users', body: '{ "acve": tre, "les": [] ', checks: [status(400)] },
  { test: 'a user who exists', method: 'POST', path: 'Users', body: fullUser('emp3', 'Employee'), checks: [status(409), shows('detail')] },
  {
    test: 'a user who exists, tried again',
    method: 'POST',
    path: 'Users',
    body: fullUser('emp3', 'Employee'),
    checks: [status(409), shows('detail')],
  },
  {
    test: 'replaced without userName',
    method: 'PUT',
    path: 'Users/{user1}',
    body: { ...fullUser(undefined, 'OMalley'), userame: 'OMalley' },
    checks: [status(400)],
  },
  {
    test: 'replaced with a misspelled attribute',
    method: 'PUT',
    path: 'Users/{user1}',
    body: { ...fullUser('OMalley', 'OMalley'), addresses: undefined, adreses: [{ country: 'Germany' }] },
    checks: [status(200), hides(noMisspelling)],
  },
  post(
    'an enterprise user of the same external id',
    'Users',
    fullUser('enterprise', 'Employee', { [enterprise]: { Department: 'some department' } }),
    'user5',
  ),
  {
    test: 'a new userName by Replace',
    method: 'PATCH',
    path: 'Users/{user1}',
    body: patch({ op: 'Replace', path: 'userName', value: 'newusername' }),
    checks: [status(204)],
  },
  {
    test: 'inactive by Replace',
    method: 'PATCH',
    path: 'Users/{user1}',
    body: patch({ op: 'Replace', path: 'active', value: false }),
    checks: [status(204)],
  },
  get('both changes', 'Users/{user1}', equal('userName', 'newusername'), equal('active', false)),
  {
    test: 'replaced once more',
    method: 'PUT',
    path: 'Users/{user1}',
    body: fullUser('OMalley', 'OMalley', { active: false, addresses: [{ country: 'Germany', type: 'work' }] }),
    checks: [status(200), equal('userName', 'OMalley'), equal('active', false), shows('Germany')],
  },
  get('a page of two', 'Users?startIndex=1&count=2', equal('totalResults', 5), equal('itemsPerPage', 2)),
  get('all with two attributes', 'Users?attributes=userName,emails', equal('totalResults', 5)),
  {
    test: 'a user who exists, a third time',
    method: 'POST',
    path: 'Users',
    body: fullUser('emp3', 'Employee'),
    checks: [status(409), shows('detail')],
  },
  get(
    'eq and (co or co), values without quotes',
    `Users?${filter('name.FamilyName eq Employee and (emails.Value co example.com or emails.Value co example.org)')}`,
    equal('totalResults', 4),
  ),
  get('starts with', `Users?${filter('userName sw O')}`, equal('totalResults', 1)),
  get('later than', `Users?${filter('meta.Created gt 2015-10-10T14:38:21.8617979-07:00')}`, equal('totalResults', 5)),

  { ...post('a bare group', 'Groups', { displayName: 'Group 1', externalId: 'bare', schemas: [groupSchema] }, 'group1') },
  {
    test: 'a member as a bare text',
    method: 'PATCH',
    path: 'Groups/{group1}',
    body: { id: '{group1}', ...patch({ op: 'add', path: 'members', value: 'string id 1' }) },
    checks: [status(204)],
  },
  {
    test: 'another',
    method: 'PATCH',
    path: 'Groups/{group1}',
    body: { id: '{group1}', ...patch({ op: 'add', path: 'members', value: 'string id 2' }) },
    checks: [status(204)],
  },
  get('the bare group', 'Groups/{group1}', status(200)),
  get('without its members', 'Groups/{group1}?excludedAttributes=members', status(200)),
  {
    test: 'the group replaced',
    method: 'PUT',
    path: 'Groups/{group1}',
    body: { id: '{group1}', displayName: 'Renamed Group', externalId: 'other', schemas: [groupSchema] },
    checks: [status(200), equal('displayName', 'Renamed Group')],
  },
  remove('delete user 1', 'Users/{user1}'),
  remove('delete user 2', 'Users/{user2}'),
  remove('delete user 3', 'Users/{user3}'),
  remove('delete user 4', 'Users/{user4}'),
  remove('delete user 5', 'Users/{user5}'),
  remove('delete the bare group', 'Groups/{group1}'),
];

/** Beyond the collections: how providers' clients really write (Okta's and Microsoft's provisioning guides), and what must never work. */
export interface Quirk {
  name: string;
  /** On a user with a home address only, or on a group of one member; `{user}`, `{other}` and `{group}` are their ids. */
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  body?: unknown;
  status: number;
  /** Read afterwards. */
  read?: { path: string; checks: readonly Check[] };
}

const user = 'Users/{user}';
const crew = 'Groups/{group}';
const after = (path: string, ...checks: Check[]) => ({ path, checks });

export const quirks: readonly Quirk[] = [
  { name: 'Okta: inactive without a path', method: 'PATCH', path: user, body: off, status: 204, read: after(user, equal('active', false)) },
  {
    name: 'Okta: inactive by PUT, with groups and id that are not its to write',
    method: 'PUT',
    path: user,
    body: { ...person('quirk@example.com', 'Q', 'Uirk'), id: 'someone-else', groups: [], active: false, meta: { resourceType: 'User' } },
    status: 200,
    read: after(user, equal('active', false), equal('id', '{user}'), hides('someone-else')),
  },
  {
    name: 'Okta: a user with a placeholder password',
    method: 'POST',
    path: 'Users',
    body: { ...person('placeholder@example.com', 'P', 'W'), password: '1mz050nq', groups: [], locale: 'en-US' },
    status: 201,
    read: after(`Users?${filter('userName eq "placeholder@example.com"')}`, equal('totalResults', 1), hides('1mz050nq')),
  },
  {
    name: 'Okta: a group renamed with its id in the value',
    method: 'PATCH',
    path: crew,
    body: patch({ op: 'replace', value: { id: '{group}', displayName: 'New Crew' } }),
    status: 204,
    read: after(crew, equal('displayName', 'New Crew')),
  },
  {
    name: 'Okta: one out, one in',
    method: 'PATCH',
    path: crew,
    body: patch(
      { op: 'remove', path: 'members[value eq "{user}"]' },
      { op: 'add', path: 'members', value: [{ value: '{other}', display: 'b' }] },
    ),
    status: 204,
    read: after(crew, equal('members.0.value', '{other}'), hides('{user}')),
  },
  {
    name: 'Okta: the whole list',
    method: 'PATCH',
    path: crew,
    body: patch({ op: 'replace', path: 'members', value: [{ value: '{other}' }] }),
    status: 204,
    read: after(crew, equal('members.0.value', '{other}'), hides('{user}')),
  },
  { name: 'Okta: a group deleted', method: 'DELETE', path: crew, status: 204 },
  {
    name: 'Entra: inactive as "False"',
    method: 'PATCH',
    path: user,
    body: patch({ op: 'Replace', path: 'active', value: 'False' }),
    status: 204,
    read: after(user, equal('active', false)),
  },
  {
    name: 'Entra: active as "True" by Add',
    method: 'PATCH',
    path: user,
    body: patch({ op: 'Add', path: 'active', value: 'True' }),
    status: 204,
    read: after(user, equal('active', true)),
  },
  {
    name: 'Entra: a work address that is not there yet, and an attribute of the enterprise schema',
    method: 'PATCH',
    path: user,
    body: patch(
      { op: 'Replace', path: 'displayName', value: 'New' },
      { op: 'Replace', path: 'emails[type eq "work"].value', value: 'new@example.com' },
      { op: 'Add', path: `${enterprise}:department`, value: 'R&D' },
    ),
    status: 204,
    read: after(
      user,
      equal('displayName', 'New'),
      equal('emails.1.value', 'new@example.com'),
      equal('emails.1.type', 'work'),
      shows('R&D'),
    ),
  },
  {
    name: 'Entra: a manager as a text',
    method: 'PATCH',
    path: user,
    body: patch({ op: 'Add', path: `${enterprise}:manager`, value: 'manager-1' }),
    status: 204,
    read: after(user, shows('"manager":{"value":"manager-1"}')),
  },
  {
    name: 'Entra: a member removed by a value beside the path',
    method: 'PATCH',
    path: crew,
    body: patch({ op: 'Remove', path: 'members', value: [{ value: '{other}' }] }),
    status: 204,
    read: after(crew, equal('members.0.value', '{user}')),
  },
  {
    name: 'Entra: the same with $ref null',
    method: 'PATCH',
    path: crew,
    body: patch({ op: 'Remove', path: 'members', value: [{ $ref: null, value: '{user}' }] }),
    status: 204,
    read: after(crew, hides('{user}')),
  },
  {
    name: 'Entra: a member added who is there',
    method: 'PATCH',
    path: crew,
    body: patch({ op: 'Add', path: 'members', value: [{ $ref: null, value: '{user}' }] }),
    status: 204,
    read: after(crew, equal('members.0.value', '{user}'), equal('members.1', undefined)),
  },
  {
    name: 'Entra: everybody removed',
    method: 'PATCH',
    path: crew,
    body: patch({ op: 'Remove', path: 'members' }),
    status: 204,
    read: after(crew, hides('{user}')),
  },
  {
    name: 'Entra with its flag: dotted keys and a URN key',
    method: 'PATCH',
    path: user,
    body: patch({ op: 'replace', value: { displayName: 'Dotted', 'name.givenName': 'Jo', [`${enterprise}:department`]: 'Tools' } }),
    status: 204,
    read: after(user, equal('displayName', 'Dotted'), equal('name.givenName', 'Jo'), shows('Tools')),
  },
  {
    name: 'Entra: a group of a schema that nobody knows',
    method: 'POST',
    path: 'Groups',
    body: {
      schemas: [groupSchema, 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group'],
      externalId: 'e',
      displayName: 'claude-code-users',
      meta: { resourceType: 'Group' },
    },
    status: 201,
  },
  {
    name: 'Entra: its connection test',
    method: 'GET',
    path: `Users?${filter('userName eq "a0b1c2d3-1111-4222-8333-444455556666"')}`,
    status: 200,
  },
  {
    name: 'Entra: is somebody a member',
    method: 'GET',
    path: `Groups?excludedAttributes=members&${filter('id eq "{group}" and members eq "{user}"')}`,
    status: 200,
    read: after(
      `Groups?excludedAttributes=members&${filter('id eq "{group}" and members eq "{user}"')}`,
      equal('totalResults', 1),
      hides('"members"'),
    ),
  },
  {
    name: 'a user with active as a text',
    method: 'POST',
    path: 'Users',
    body: { schemas: [userSchema], userName: 'text@example.com', active: 'True' },
    status: 201,
    read: after(`Users?${filter('userName eq "text@example.com"')}`, equal('Resources.0.active', true)),
  },
  {
    name: 'a page beyond the end is empty and says how many there are',
    method: 'GET',
    path: 'Users?startIndex=1000&count=10',
    status: 200,
    read: after('Users?startIndex=1000&count=10', equal('Resources.0', undefined), isNumber('totalResults')),
  },
  {
    name: 'a count of none is only the number',
    method: 'GET',
    path: 'Users?startIndex=1&count=0',
    status: 200,
    read: after('Users?startIndex=1&count=0', equal('Resources.0', undefined), isNumber('totalResults')),
  },
  { name: 'an escaped quotation mark in a filter', method: 'GET', path: `Users?${filter('userName eq "a\\"b"')}`, status: 200 },
  { name: 'a filter that cannot be read', method: 'GET', path: `Users?${filter('userName eq')}`, status: 400 },
  { name: 'a filter on what is no attribute', method: 'GET', path: `Users?${filter('shoeSize eq 43')}`, status: 400 },
  { name: 'a filter on the schemas', method: 'GET', path: `Schemas?${filter('id eq "x"')}`, status: 403 },
  { name: 'bulk', method: 'POST', path: 'Bulk', body: {}, status: 501 },
  { name: 'the caller as a user', method: 'GET', path: 'Me', status: 501 },
  { name: 'a path that is none', method: 'GET', path: 'Nothing', status: 404 },
  {
    name: 'hostile: a prototype by path',
    method: 'PATCH',
    path: user,
    body: patch({ op: 'add', path: '__proto__.admin', value: true }),
    status: 400,
  },
  {
    name: 'hostile: a constructor by path',
    method: 'PATCH',
    path: user,
    body: patch({ op: 'add', path: 'constructor.prototype.admin', value: true }),
    status: 400,
  },
  {
    name: 'hostile: another id without a path changes no id',
    method: 'PATCH',
    path: user,
    body: patch({ op: 'replace', value: { id: 'someone-else' } }),
    status: 204,
    read: after(user, equal('id', '{user}')),
  },
];
