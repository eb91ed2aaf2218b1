/** What happens to people in their lives at a company, one after another, and what Gatehouse holds of them at the end. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Company, companyOf } from '../support/company.ts';
import { type Person, type Stack, startStack } from '../support/stack.ts';

let stack: Stack;
let company: Company;
let carol: Person;
beforeAll(async () => {
  stack = await startStack();
  company = companyOf(stack);
  carol = await company.admin();
}, 60_000);
afterAll(() => stack.stop());

interface Known {
  id: string;
  email: string;
  status: string;
  groups: string[];
  generation: number;
}

/** One thing that HR does; `{id}` is the person of the line before, and a POST's answer the next. */
type Deed = readonly [method: 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, body?: object];
interface Life {
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

const lives: readonly Life[] = [
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
    name: 'a leaver whom nobody knew is known all the same',
    deeds: [['POST', '/users?silent=1', { email: 'unseen@example.com' }], change({ active: false })],
    ends: { 'unseen@example.com': [{ status: 'left', generation: 1 }] },
    people: 1,
  },
];

describe('somebody who', () => {
  it.each(lives.map((life) => [life.name, life] as const))(
    '%s',
    async (_, { deeds, ends, people }) => {
      let id = '';
      for (const [method, path, body] of deeds) {
        const done = await company.hr<{ id: string }>(method, path.replace('{id}', id), body);
        if (method === 'POST') id = done.id;
        await stack.settled();
      }
      const found = new Set<string>();
      for (const [email, wanted] of Object.entries(ends)) {
        const answer = await carol.fetch(`/admin/people?email=${encodeURIComponent(email)}`);
        const carriers = ((await answer.json()) as { people: Known[] }).people;
        // The one who left first, where there are two.
        carriers.sort((a, b) => (a.status === b.status ? 0 : a.status === 'left' ? -1 : 1));
        expect(carriers).toMatchObject(wanted);
        for (const carrier of carriers) found.add(carrier.id);
      }
      expect(found.size).toBe(people);
    },
    30_000,
  );
});

describe('a leaver who is forgotten', () => {
  it('leaves a pseudonym, and comes back as somebody else; who is here is not forgotten', async () => {
    const email = 'forget@example.com';
    const people = async () => ((await (await carol.fetch(`/admin/people?email=${email}`)).json()) as { people: Known[] }).people;
    const forget = (id: string) => carol.fetch(`/admin/people/${id}`, { method: 'DELETE' });
    const { id } = await company.hr('POST', '/users', { email, groups: [] });
    await stack.settled();
    const [known] = await people();
    const person = known?.id ?? '';
    expect((await forget(person)).status, 'while they are here').toBe(409);
    await company.hr('DELETE', `/users/${id}`);
    await stack.settled();
    expect((await forget(person)).status).toBe(204);
    expect((await forget('per_00000000000000000000000000')).status).toBe(404);
    expect(await people()).toEqual([]);
    const left = (await (await carol.fetch(`/admin/people?id=${person}`)).json()) as { people: unknown[] };
    expect(left.people).toMatchObject([{ id: person, email: 'erased', name: 'erased', status: 'left', subjects: [] }]);
    await company.hr('POST', '/users', { email, groups: [] });
    await stack.settled();
    expect((await people()).map((one) => one.id)).not.toContain(person);
  }, 60_000);
});
