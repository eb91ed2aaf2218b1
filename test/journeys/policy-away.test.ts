/** Proves that policy delivery never takes the company down: the stack is started again with its tables away from the one function that delivers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { companyOf } from '../support/company.ts';
import { type Person, type Stack, startStack } from '../support/stack.ts';

// The machine that runs this may be busy with much else.
vi.setConfig({ testTimeout: 60_000 });

const data = mkdtempSync(path.join(tmpdir(), 'gatehouse-away-'));
let stack: Stack;
let bob: Person;
let dave: Person;
let erin: Person;
let last: unknown;

beforeAll(async () => {
  stack = await startStack({ data });
  [bob, dave, erin] = await Promise.all(
    ['bob', 'dave', 'erin'].map((name) => stack.as(`${name}@example.com`)) as [Promise<Person>, Promise<Person>, Promise<Person>],
  );
  const first = await bob.fetch('/managed/settings');
  expect(first.status, await first.clone().text()).toBe(200);
  last = await first.json();
  expect((await dave.fetch('/managed/settings')).status).toBe(200);
  const company = companyOf(stack);
  const { id } = await company.hr('GET', '/users/dave@example.com');
  await company.hr('PATCH', `/users/${id}`, { active: false });
  await company.caseOf('dave@example.com', (one) => one.cut_at !== undefined, { stepSeconds: 1, what: 'the cut' });
  await stack.advance(301);
  await stack.settled();
  const { gateway } = stack;
  await stack.stop();
  stack = await startStack({ data, port: Number(new URL(gateway).port) });
});
afterAll(async () => {
  await stack?.stop();
  rmSync(data, { recursive: true, force: true });
});

async function fault(wish: Record<string, unknown>): Promise<void> {
  const caller = 'gatehouse-local-policy-settings';
  const answer = await fetch(`${stack.aws}/_faults`, { method: 'POST', body: JSON.stringify({ service: 'dynamodb', caller, ...wish }) });
  expect(answer.status, await answer.clone().text()).toBeLessThan(300);
}

describe('a gateway that starts while its tables are away', () => {
  it('delivers to each what they had, the base to whom it never served, and nothing to leavers and forgers', async () => {
    await fault({ error: 'InternalServerError', status: 500 });
    const his = await bob.fetch('/managed/settings');
    expect([his.status, await his.json()]).toEqual([200, last]);
    const hers = (await (await erin.fetch('/managed/settings')).json()) as { settings: Record<string, unknown> };
    expect(hers.settings).toMatchObject({ permissions: { disableBypassPermissionsMode: 'disable' } });
    expect(hers.settings).not.toHaveProperty('availableModels');
    expect((await dave.fetch('/managed/settings')).status).toBe(401);
    const forged = await fetch(`${stack.gateway}/managed/settings`, {
      headers: { authorization: `Bearer ${bob.accessToken.slice(0, -5)}AAAAA` },
    });
    expect([401, 503]).toContain(forged.status);
  });

  it('rings, and goes on as if nothing had been when they are back', async () => {
    const reaches = (state: 'ALARM' | 'OK') =>
      stack.until(
        async () => {
          const answer = await fetch(stack.aws, {
            method: 'POST',
            headers: { 'x-amz-target': 'GraniteServiceVersion20100801.DescribeAlarms', 'content-type': 'application/x-amz-json-1.0' },
            body: JSON.stringify({ AlarmNames: ['gatehouse-local-policy-served-without-store'] }),
          });
          const { MetricAlarms } = (await answer.json()) as { MetricAlarms?: { StateValue: string }[] };
          return MetricAlarms?.[0]?.StateValue === state ? true : undefined;
        },
        { stepSeconds: 20, what: `the alarm to be ${state}` },
      );
    await reaches('ALARM');
    expect((await fetch(`${stack.aws}/_faults`, { method: 'DELETE' })).status).toBeLessThan(300);
    const his = await bob.fetch('/managed/settings');
    expect([his.status, await his.json()]).toEqual([200, last]);
    await reaches('OK');
  });
});
