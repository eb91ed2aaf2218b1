/** What happens to people in their lives at a company, as data: each with the outcome that Gatehouse holds at the end. */

export interface Known {
  id: string;
  email: string;
  name: string;
  status: string;
  groups: string[];
  generation: number;
  subjects: { issuer: string; subject: string }[];
}

/** One thing that HR does; `{id}` is the person of the line before, and a POST's answer the next. */
export type Deed = readonly [method: 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, body?: object];
export interface Life {
  name: string;
  deeds: readonly Deed[];
  /** Who carries which address at the end, oldest first. */
  ends: Readonly<Record<string, readonly Partial<Known>[]>>;
  /** How many people these are in all. */
  people: number;
}

const join = (email: string, groups = ['engineering'], id?: string): Deed => [
  'POST',
  '/users',
  { email, groups, ...(id !== undefined && { id }) },
];
const change = (body: object): Deed => ['PATCH', '/users/{id}', body];
const remove: Deed = ['DELETE', '/users/{id}'];
const known = '00urehired0000000001';

export const lives: readonly Life[] = [
  {
    name: 'a new name and address is the same person, found by the new address only',
    deeds: [join('mia.miller@example.com'), change({ email: 'mia.smith@example.com', name: 'Mia Smith' })],
    ends: { 'mia.smith@example.com': [{ status: 'active', generation: 1 }], 'mia.miller@example.com': [] },
    people: 1,
  },
  {
    name: 'an address that is used again is another person, who inherits nothing',
    deeds: [join('shared@example.com'), remove, join('shared@example.com', [])],
    ends: {
      'shared@example.com': [
        { status: 'left', generation: 2 },
        { status: 'active', generation: 1, groups: [] },
      ],
    },
    people: 2,
  },
  {
    name: 'hired again under the same id is the same person, a generation on',
    deeds: [join('again@example.com', ['engineering'], known), change({ active: false }), change({ active: true })],
    ends: { 'again@example.com': [{ status: 'active', generation: 3 }] },
    people: 1,
  },
  {
    name: 'hired again under a new id is a new person',
    deeds: [join('anew@example.com'), change({ active: false }), change({ email: 'anew.old@example.com' }), join('anew@example.com')],
    ends: { 'anew@example.com': [{ status: 'active', generation: 1 }], 'anew.old@example.com': [{ status: 'left', generation: 2 }] },
    people: 2,
  },
  {
    name: 'suspended and then deleted leaves once more, and is one leaver',
    deeds: [join('both@example.com'), change({ suspended: true }), remove],
    ends: { 'both@example.com': [{ status: 'left', generation: 3 }] },
    people: 1,
  },
  {
    name: 'suspended and back is where they were, two generations on',
    deeds: [join('pause@example.com'), change({ suspended: true }), change({ suspended: false })],
    ends: { 'pause@example.com': [{ status: 'active', generation: 3, groups: ['engineering'] }] },
    people: 1,
  },
  {
    name: 'moved through groups has the last ones, and has never left',
    deeds: [join('mover@example.com'), ['PUT', '/groups/contractors/members/{id}'], ['DELETE', '/groups/engineering/members/{id}']],
    ends: { 'mover@example.com': [{ status: 'active', generation: 1, groups: ['contractors'] }] },
    people: 1,
  },
  {
    name: 'whose group is deleted has lost it, without a word of each member',
    deeds: [join('lost.group@example.com', ['engineering', 'short-lived']), ['DELETE', '/groups/short-lived']],
    ends: { 'lost.group@example.com': [{ status: 'active', generation: 1, groups: ['engineering'] }] },
    people: 1,
  },
  {
    name: 'whose group is renamed is in the group of the new name, and in none of the old',
    deeds: [join('renamed.group@example.com', ['engineering', 'before']), ['PATCH', '/groups/before', { name: 'after' }]],
    ends: { 'renamed.group@example.com': [{ status: 'active', generation: 1, groups: ['after', 'engineering'] }] },
    people: 1,
  },
  {
    name: 'a leaver whom nobody knew is known all the same',
    deeds: [['POST', '/users?silent=1', { email: 'unseen@example.com' }], change({ active: false })],
    ends: { 'unseen@example.com': [{ status: 'left', generation: 1 }] },
    people: 1,
  },
];
