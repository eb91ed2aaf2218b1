/** An identity provider pushes its people by SCIM: what is stored becomes true of them, and nothing else does. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Company, companyOf } from '../support/company.ts';
import { type Scim, scimOf } from '../support/scim.ts';
import { type Person, type Stack, startStack } from '../support/stack.ts';

let stack: Stack;
let company: Company;
let scim: Scim;
let carol: Person;

beforeAll(async () => {
  stack = await startStack({ args: ['--fast'] });
  company = companyOf(stack);
  scim = await scimOf(stack);
  carol = await company.admin();
}, 60_000);
afterAll(() => stack.stop());

interface Known {
  id: string;
  status: string;
  email: string;
  name: string;
  groups: string[];
  generation: number;
}

async function known(email: string): Promise<Known[]> {
  await stack.settled();
  const answer = await carol.fetch(`/admin/people?email=${encodeURIComponent(email)}`);
  return ((await answer.json()) as { people: Known[] }).people;
}

describe('a push', () => {
  it('makes a joiner known, moves them with their group and lets them leave: a case opens by itself', async () => {
    const email = 'pushed@example.com';
    const id = await scim.addUser(email);
    const [joined] = await known(email);
    expect(joined).toMatchObject({ status: 'active', name: 'pushed Pushed', groups: [], generation: 1 });

    const group = await scim.addGroup('engineering', [id]);
    expect(await known(email)).toMatchObject([{ groups: ['engineering'] }]);
    const inside = await scim.addGroup('apprentices', []);
    await scim.patch(
      `Groups/${group}`,
      { op: 'remove', path: `members[value eq "${id}"]` },
      { op: 'add', path: 'members', value: [{ value: inside }] },
    );
    expect(await known(email)).toMatchObject([{ groups: [] }]);
    await scim.patch(`Groups/${inside}`, { op: 'Add', path: 'members', value: [{ value: id, $ref: null }] });
    expect(await known(email)).toMatchObject([{ groups: ['apprentices', 'engineering'] }]);
    await scim.patch(`Groups/${inside}`, { op: 'replace', path: 'displayName', value: 'trainees' });
    expect(await known(email)).toMatchObject([{ groups: ['engineering', 'trainees'] }]);
    await scim.call('DELETE', `Groups/${group}`);
    expect(await known(email)).toMatchObject([{ groups: ['trainees'] }]);

    await scim.patch(`Users/${id}`, { op: 'Replace', path: 'active', value: 'False' });
    expect(await known(email)).toMatchObject([{ status: 'left', generation: 2 }]);
    const cut = await company.caseOf(joined?.id ?? '', (one) => one.cut_at !== undefined, { what: 'the cut' });
    expect(cut.person).toBe(joined?.id);
  }, 60_000);

  it('nests groups: who is in the innermost is in all, also in a circle, until one of the links goes', async () => {
    const email = 'nested@example.com';
    const id = await scim.addUser(email);
    const inner = await scim.addGroup('inner', [id]);
    const middle = await scim.addGroup('middle', [inner]);
    const outer = await scim.addGroup('outer', [middle]);
    expect(await known(email)).toMatchObject([{ groups: ['inner', 'middle', 'outer'], generation: 1 }]);
    await scim.patch(`Groups/${inner}`, { op: 'add', path: 'members', value: [{ value: outer }] });
    expect(await known(email)).toMatchObject([{ groups: ['inner', 'middle', 'outer'] }]);
    await scim.patch(`Groups/${outer}`, { op: 'remove', path: `members[value eq "${middle}"]` });
    expect(await known(email)).toMatchObject([{ groups: ['inner', 'middle'] }]);
    await scim.call('DELETE', `Groups/${inner}`);
    expect(await known(email)).toMatchObject([{ status: 'active', groups: [], generation: 1 }]);
  }, 60_000);

  it('that changes nothing of a person tells nothing, and a deleted user leaves and is taken out of groups', async () => {
    const email = 'quiet@example.com';
    const id = await scim.addUser(email);
    const group = await scim.addGroup('quiet ones', [id]);
    const [before] = await known(email);
    await scim.patch(`Users/${id}`, { op: 'replace', value: { active: true, title: 'Anything' } });
    expect(await known(email)).toMatchObject([{ ...before, read_at: expect.any(String) }]);
    await scim.call('DELETE', `Users/${id}`);
    expect(await known(email)).toMatchObject([{ status: 'left', generation: 2 }]);
    expect((await scim.call('GET', `Groups/${group}`)).body.members ?? []).toEqual([]);
    const again = await scim.addUser(email, { externalId: 'another-id' });
    expect(again).not.toBe(id);
    expect((await known(email)).map(({ status }) => status).sort()).toEqual(['active', 'left']);
  }, 60_000);
});
