import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { seededKey } from '../../packages/local/outside/litellm/create-litellm.ts';
import { type Company, companyOf } from '../support/company.ts';
import { type Person, type Stack, startStack } from '../support/stack.ts';

// The machine that runs this may be busy with much else.
vi.setConfig({ testTimeout: 60_000 });

let stack: Stack;
let company: Company;

beforeAll(async () => {
  stack = await startStack();
  company = companyOf(stack);
});
afterAll(() => stack?.stop());

const settings = (person: Person) => person.fetch('/managed/settings').then(({ status }) => status);
async function refresh({ refreshToken }: Person): Promise<number> {
  const response = await fetch(`${stack.gateway}/auth/refresh`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ refresh_token: refreshToken }),
  });
  return response.status;
}
async function member(method: 'PUT' | 'DELETE', group: string, email: string): Promise<void> {
  const { id } = await company.hr('GET', `/users/${email}`);
  await company.hr(method, `/groups/${group}/members/${id}`);
}

describe('somebody who moves between groups', () => {
  it('that both entitle keeps their sessions, gets the other policy, and no case is opened', async () => {
    const ivan = 'ivan@example.com';
    const him = await stack.as(ivan);
    await member('PUT', 'contractors', ivan);
    await member('DELETE', 'engineering', ivan);
    const models = await stack.until(
      async () => {
        const answer = await him.fetch('/managed/settings');
        expect(answer.status).toBe(200);
        return ((await answer.json()) as { settings: { availableModels?: string[] } }).settings.availableModels;
      },
      { what: 'the policy of contractors' },
    );
    expect(models).toEqual(['haiku']);
    await stack.settled();
    expect([await company.cases(ivan), await refresh(him), await company.tryKey(seededKey(ivan))]).toEqual([[], 200, [200, 200]]);
  });

  it('and loses one of two loses nothing', async () => {
    const erin = 'erin@example.com';
    const her = await stack.as(erin);
    await member('DELETE', 'platform-admins', erin);
    await stack.until(async () => ((await her.fetch('/admin/people?id=per_x')).status === 403 ? true : undefined), {
      what: 'the loss of administration',
    });
    await stack.settled();
    expect([await company.cases(erin), await settings(her)]).toEqual([[], 200]);
  });

  it('and leaves one group a moment before the next one is given is not offboarded', async () => {
    const frank = 'frank@example.com';
    const him = await stack.as(frank);
    await member('PUT', 'people-team', frank);
    await member('DELETE', 'contractors', frank);
    await member('PUT', 'engineering', frank);
    await stack.settled();
    // Whatever was begun in between ended by itself, for the directory was asked again.
    for (const one of await company.cases(frank)) expect(one.status).toBe('cancelled');
    expect(await company.tryKey(seededKey(frank))).toEqual([200, 200]);
    expect([200, 401]).toContain(await settings(him));
    expect(await settings(await stack.as(frank))).toBe(200);
  });
});

describe('Dave, who loses the last group that entitles him', () => {
  const dave = 'dave@example.com';

  it('is refused at once and offboarded for that reason, and gets everything back with the group', async () => {
    const him = await stack.as(dave);
    await company.tryKey(seededKey(dave));
    await member('DELETE', 'engineering', dave);
    await stack.until(async () => ([401, 403].includes(await settings(him)) ? true : undefined), { what: 'the refusal' });
    const cut = await company.caseOf(dave, (one) => one.cut_at !== undefined, { stepSeconds: 1, what: 'the cut' });
    expect(cut).toMatchObject({ trigger: 'entitlement', person: him.id });
    expect([await settings(him), await refresh(him)]).toEqual([401, 401]);
    await expect(stack.as(dave)).rejects.toThrow('access_denied');
    const proven = await company.caseOf(dave, (one) => one.proven_at !== undefined, { what: 'the proof' });
    expect([proven.id, proven.status]).toEqual([cut.id, 'proven']);
    expect([await company.tryKey(seededKey(dave)), await company.tryAgent(dave)]).toEqual([
      [401, 401],
      [401, 503],
    ]);

    await member('PUT', 'engineering', dave);
    const closed = await company.caseOf(dave, (one) => one.closed_at !== undefined, { stepSeconds: 1, what: 'the end of the case' });
    expect([closed.id, closed.status]).toEqual([cut.id, 'cancelled']);
    await stack.advance(61);
    expect(await company.tryKey(seededKey(dave))).toEqual([200, 200]);
    expect((await company.coder('GET', '/users/dave')).body).toMatchObject({ status: 'active' });
    expect(await settings(await stack.as(dave))).toBe(200);
    expect([await settings(him), await refresh(him)], 'what he held before').toEqual([401, 401]);
  }, 60_000);
});
