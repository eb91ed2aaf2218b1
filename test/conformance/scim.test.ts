/** The SCIM server of a running stack against the published collections and against how providers really write; prints what is covered and what is not. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Scim, scimOf } from '../support/scim.ts';
import { type Stack, startStack } from '../support/stack.ts';
import {
  type Check,
  entra,
  entraSteps,
  oktaCrud,
  oktaCrudSteps,
  oktaSpec,
  oktaSpecSteps,
  quirks,
  type Source,
  type Step,
} from './scim-cases.ts';

let stack: Stack;
let scim: Scim;
beforeAll(async () => {
  stack = await startStack();
  scim = await scimOf(stack);
}, 60_000);
afterAll(() => stack.stop());

const suites: readonly [Source, readonly Step[]][] = [
  [oktaSpec, oktaSpecSteps],
  [oktaCrud, oktaCrudSteps],
  [entra, entraSteps],
];

describe.each(suites)('$name', (source, steps) => {
  const kept = new Map<string, string>();

  it.each(steps.map((step) => [step.test, step] as const))('%s', async (_, { method, path, body, anonymous, keep, checks }) => {
    const began = performance.now();
    const answer = await scim.call(method, fill(path, kept), fillBody(body, kept), anonymous ? { authorization: '' } : {});
    const milliseconds = performance.now() - began;
    if (keep !== undefined) kept.set(keep, String(answer.body.id));
    for (const check of checks) if (check.leftOut === undefined) hold(check, answer, kept, milliseconds);
  });

  it('is told of completely: what is in the source, what is covered, what is left out and why', () => {
    const checks = steps.flatMap((step) => step.checks);
    const leftOut = checks.filter((check) => check.leftOut !== undefined);
    const own = source === entra ? 2 : 0;
    const covered = checks.length - leftOut.length - own;
    const reasons = [...new Set(leftOut.map((check) => check.leftOut))];
    process.stdout.write(
      `${source.name} (${source.file}; ${source.licence}): ${source.assertions} assertions, ${covered} covered, ${leftOut.length} left out\n${reasons.map((reason) => `  left out: ${reason}\n`).join('')}`,
    );
    expect(covered + leftOut.length).toBe(source.assertions);
  });

  afterAll(async () => {
    for (const kind of ['Users', 'Groups']) {
      const found = await scim.call('GET', `${kind}?count=200`);
      for (const { id } of found.body.Resources) await scim.call('DELETE', `${kind}/${id}`);
    }
  });
});

describe('how providers write', () => {
  it.each(quirks.map((quirk) => [quirk.name, quirk] as const))('%s', async (name, { method, path, body, status, read }) => {
    const kept = new Map<string, string>();
    const emails = [{ type: 'home', value: 'home@example.com' }];
    kept.set('user', await scim.addUser('quirk@example.com', { emails }));
    kept.set('other', await scim.addUser('other@example.com'));
    kept.set('group', await scim.addGroup('Crew', [kept.get('user') ?? '']));
    try {
      const answer = await scim.call(method, fill(path, kept), fillBody(body, kept));
      expect(answer.status, `${name}: ${JSON.stringify(answer.body)}`).toBe(status);
      if (status >= 400) expect(answer.body).toMatchObject({ status: String(status), detail: expect.any(String) });
      const afterwards = read && (await scim.call('GET', fill(read.path, kept)));
      for (const check of read?.checks ?? []) if (afterwards) hold(check, afterwards, kept, 0);
    } finally {
      for (const kind of ['Users', 'Groups'])
        for (const { id } of (await scim.call('GET', `${kind}?count=200`)).body.Resources) await scim.call('DELETE', `${kind}/${id}`);
    }
  });
});

function hold({ says, ...check }: Check, answer: Answer, kept: ReadonlyMap<string, string>, milliseconds: number): void {
  const value = partOf(check.at ?? '', answer);
  const found = expect(value, `${says}; ${answer.status} ${JSON.stringify(answer.body)?.slice(0, 400)}`);
  if (check.below !== undefined) expect(milliseconds, says).toBeLessThan(check.below);
  else if (check.filled) found.not.toSatisfy((one) => one === undefined || one === null || one === '');
  else if (check.number) found.toBeTypeOf('number');
  else if (check.has !== undefined) found.toContain(fill(check.has, kept));
  else if (check.lacks !== undefined) found.not.toContain(fill(check.lacks, kept));
  else found.toEqual(typeof check.is === 'string' ? fill(check.is, kept) : check.is);
}

function partOf(place: string, { status, body }: Answer): unknown {
  if (place === 'http') return status;
  return place === 'text' ? JSON.stringify(body ?? '') : at(body, place);
}

function at(body: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], body);
}

function fill(text: string, kept: ReadonlyMap<string, string>): string {
  return text.replace(
    /\{(\w+)\}|%7B(\w+)%7D/g,
    (whole, plain: string | undefined, encoded: string | undefined) => kept.get(plain ?? encoded ?? '') ?? whole,
  );
}

function fillBody(body: unknown, kept: ReadonlyMap<string, string>): unknown {
  if (body === undefined || typeof body === 'string') return body;
  return JSON.parse(fill(JSON.stringify(body), kept));
}
