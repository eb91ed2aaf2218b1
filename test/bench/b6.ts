/**
 * B6: a thousand people lose the group that entitled them, all at once, and one decision lets all be cut, another all be deleted. The vendors take N times the
 * calls that the real ones take, and so much the product may make; from the decision to the last one cut, and from the other to the last one deleted, is
 * set against the time that the calls made need at least under those limits. The clock is the stack's: it moves on whenever nothing is left to do at a moment.
 */
import { templateId } from '@gatehouse/local/outside/coder/state';
import { type Company, companyOf } from '../support/company.ts';
import { type Person, type Stack, startStack } from '../support/stack.ts';
import { atMost, type Measure } from './figure.ts';

/** Fewer only to look for a cause. */
const leavers = Number(process.env.B6_LEAVERS ?? 1_000);
/** So that the limits and not the machine that measures are what is waited for. */
const timesRealLimits = Number(process.env.B6_LIMITS ?? 2);
const hiredAtOnce = 10;
const graceSeconds = 7 * 86_400 + 60;
const perMillionTransitions = 25;

export const measure: Measure = async (say) => {
  const stack = await startStack({ args: ['--fast', '--vendor-limits', String(timesRealLimits)] });
  try {
    const company = companyOf(stack);
    await company.hr('PUT', '/groups/platform-admins/members/helen@example.com');
    const ids = await hire(stack, company);
    await quiet(stack);
    // Our own calls while hiring count with the vendors too.
    await stack.advance(120);
    await quiet(stack);
    say(
      `${ids.length} people, each with a session, a key, a workspace and an invite; vendors at ${timesRealLimits} times their real limits`,
    );
    for (const id of ids) await company.hr('DELETE', `/groups/engineering/members/${id}`);
    await move(stack, 1, async () => ({
      over: (await waiting(stack, 'cut')) >= 0 && (await casesOf(company)).length >= ids.length,
      told: '',
    }));
    const cut = await phase(stack, company, say, 'cut', ({ cut_at }) => cut_at, ids.length);
    await move(
      stack,
      5,
      async () => {
        const proven = (await casesOf(company)).filter(({ proven_at }) => proven_at !== undefined).length;
        return { over: proven === ids.length, told: `${proven} proven` };
      },
      say,
    );
    await quiet(stack);
    await stack.advance(graceSeconds);
    await quiet(stack);
    const held = async () => (await casesOf(company)).filter(({ status }) => status === 'held').length;
    await move(stack, 2, async () => ({ over: (await held()) === ids.length, told: `${await held()} wait to be deleted` }), say);
    const purge = await phase(stack, company, say, 'purge', ({ closed_at }) => closed_at, ids.length);
    const refused = [cut, purge].reduce((sum, one) => sum + one.refused, 0);
    const [one] = await casesOf(company);
    const transitions = await transitionsOf(company, one?.execution_arn ?? '');
    const cost = ((transitions * ids.length * perMillionTransitions) / 1_000_000).toFixed(2);
    say(`${transitions} state transitions of one leaver; $${cost} for all, at $${perMillionTransitions} a million`);
    return {
      B6a: atMost(1.3, `times the limits' floor, to cut (N = ${timesRealLimits})`, [cut.ratio]),
      B6b: atMost(1.3, `times the limits' floor, to delete (N = ${timesRealLimits})`, [purge.ratio]),
      B6c: atMost(0, 'calls beyond a limit', [refused]),
    };
  } finally {
    await stack.stop();
  }
};

async function hire(stack: Stack, company: Company): Promise<string[]> {
  const { body: organizations } = await company.coder<{ id: string }[]>('GET', '/organizations');
  const organization = organizations[0]?.id ?? '';
  const hireOne = async (index: number): Promise<string> => {
    const username = `wave-${index}`;
    const email = `${username}@example.com`;
    const { id } = await company.hr('POST', '/users?silent=1', { email, name: `Wave ${index}`, groups: ['engineering'] });
    await stack.as(email);
    await company.virtualKey(email);
    const wish = { username, email, login_type: 'oidc', organization_ids: [organization], user_status: 'active' };
    const { body: account } = await company.coder<{ id: string }>('POST', '/users', wish);
    await company.coder('POST', `/organizations/${organization}/members/${account.id}/workspaces`, {
      name: 'main',
      template_id: templateId,
    });
    const headers = { 'x-api-key': 'sk-ant-admin01-local', 'anthropic-version': '2023-06-01', 'content-type': 'application/json' };
    const body = JSON.stringify({ email, role: 'claude_code_user' });
    const invited = await fetch(`${stack.outside}/anthropic/v1/organizations/invites`, { method: 'POST', headers, body });
    if (!invited.ok) throw new Error(`No invite: ${invited.status} ${await invited.text()}`);
    return id;
  };
  const ids: string[] = [];
  for (let from = 0; from < leavers; from += hiredAtOnce) {
    const some = Array.from({ length: Math.min(hiredAtOnce, leavers - from) }, (_, index) => hireOne(from + index));
    ids.push(...(await Promise.all(some)));
    // So that Coder takes them all.
    await stack.advance(5);
  }
  return ids;
}

interface CaseRow {
  status: string;
  execution_arn: string;
  cut_at?: string;
  proven_at?: string;
  closed_at?: string;
  message?: string;
}

async function casesOf(company: Company): Promise<CaseRow[]> {
  const rows: CaseRow[] = [];
  let from: object | undefined;
  do {
    const page: { Items: Record<string, { S?: string }>[]; LastEvaluatedKey?: object } = await company.aws('DynamoDB_20120810', 'Scan', {
      TableName: 'gatehouse-local-lifecycle',
      FilterExpression: 'sk = :case',
      ExpressionAttributeValues: { ':case': { S: 'CASE' } },
      ...(from && { ExclusiveStartKey: from }),
    });
    for (const item of page.Items) rows.push(Object.fromEntries(Object.entries(item).map(([name, { S = '' }]) => [name, S])) as never);
    from = page.LastEvaluatedKey;
  } while (from);
  return rows;
}

/** A thousand at once are at work for longer than an HTTP client waits for an answer. */
async function quiet(stack: Stack): Promise<void> {
  for (let left = 60; ; left--) {
    const isQuiet = await fetch(`${stack.aws}/_settled`, { signal: AbortSignal.timeout(60_000) }).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isQuiet) return;
    if (left === 0) throw new Error('The stack is at work for an hour on end');
  }
}

/** Reading all cases of a thousand is work too. */
const everyTurns = Math.max(10, leavers / 25);

/** Moves the clock by so much whenever all that can be done now is done. */
async function move(
  stack: Stack,
  seconds: number,
  ask: () => Promise<{ over: boolean; told: string }>,
  say: (line: string) => void = () => undefined,
  eachTurn: () => Promise<void> = async () => undefined,
): Promise<void> {
  let said = '';
  for (let turn = 0; turn < 20_000; turn++) {
    await quiet(stack);
    await eachTurn();
    if (turn % everyTurns === 0) {
      const { over, told } = await ask();
      if (over) return;
      if (told !== said && turn % (10 * everyTurns) === 0) say(told);
      said = told;
    }
    await stack.advance(seconds);
  }
  throw new Error(`It does not end: ${said}`);
}

/** @returns how many wait for the decision; -1 when nobody is asked. */
async function waiting(stack: Stack, what: string): Promise<number> {
  const asked = await question(await stack.as('helen@example.com'), what);
  return asked ? asked.waiting.length : -1;
}

interface Question {
  id: string;
  what: string;
  state: string;
  waiting: unknown[];
}

async function question(helen: Person, what: string): Promise<Question | undefined> {
  const { approvals } = (await (await helen.fetch('/admin/approvals')).json()) as { approvals: Question[] };
  return approvals.find((one) => one.what === what && one.state === 'waiting');
}

type Limits = Record<string, { limit: number; calls: number; refused: number }>;

async function limitsOf({ outside, idp }: Stack): Promise<Limits> {
  const [vendors, directory] = (await Promise.all([outside, idp].map(async (origin) => (await fetch(`${origin}/_limits`)).json()))) as {
    limits: Limits;
  }[];
  return { ...vendors?.limits, ...directory?.limits };
}

async function timeOf({ aws }: Stack): Promise<number> {
  return Date.parse(((await (await fetch(`${aws}/_clock`)).json()) as { now: string }).now);
}

interface Phase {
  ratio: number;
  refused: number;
}

/** Decides, and waits until the last one is through. */
async function phase(
  stack: Stack,
  company: Company,
  say: (line: string) => void,
  what: 'cut' | 'purge',
  doneAt: (one: CaseRow) => string | undefined,
  people: number,
): Promise<Phase> {
  const helen = await stack.as('helen@example.com');
  const asked = await question(helen, what);
  if (!asked) throw new Error(`Nobody is asked about the ${what}`);
  const before = await limitsOf(stack);
  const began = await timeOf(stack);
  const body = JSON.stringify({ decision: 'approve', reason: 'the branch was sold' });
  const answer = await helen.fetch(`/admin/approvals/${asked.id}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  if (!answer.ok) throw new Error(`The decision was refused: ${await answer.text()}`);
  const real = performance.now();
  const samples: { at: number; limits: Limits }[] = [];
  await move(
    stack,
    1,
    async () => {
      const rows = await casesOf(company);
      const stuck = rows.find(({ status }) => status === 'needs_human');
      if (stuck) throw new Error(`A case needs a person: ${stuck.message}`);
      const done = rows.filter((one) => doneAt(one) !== undefined).length;
      const left = rows.find((one) => doneAt(one) === undefined);
      return {
        over: done === people,
        told: `${what}: ${done} of ${people}${left && done > people - 5 ? `, one is ${left.status}: ${left.message}` : ''}`,
      };
    },
    say,
    async () => {
      samples.push({ at: await timeOf(stack), limits: await limitsOf(stack) });
    },
  );
  const last = Math.max(...(await casesOf(company)).map((one) => Date.parse(doneAt(one) ?? '')));
  // Calls of what comes next go on meanwhile: only those that were made before the last one was done are set against it.
  const after = samples.findLast(({ at }) => at <= last)?.limits ?? before;
  const used = Object.entries(after).map(([bucket, { limit, calls, refused }]) => {
    const [made, beyond] = [calls - (before[bucket]?.calls ?? 0), refused - (before[bucket]?.refused ?? 0)];
    return { bucket, made, beyond, floorSeconds: (made / limit) * 60 };
  });
  for (const { bucket, made, beyond, floorSeconds } of used)
    if (made > 0) say(`${what}: ${made} calls of ${bucket}, which take ${floorSeconds.toFixed(0)} s at least; ${beyond} beyond the limit`);
  const floor = Math.max(...used.map(({ floorSeconds }) => floorSeconds));
  const wall = (last - began) / 1000;
  say(`${what}: the last one after ${wall.toFixed(0)} s, ${((performance.now() - real) / 1000).toFixed(0)} s of them real`);
  return { ratio: wall / floor, refused: used.reduce((sum, { beyond }) => sum + beyond, 0) };
}

async function transitionsOf(company: Company, executionArn: string): Promise<number> {
  let entered = 0;
  let nextToken: string | undefined;
  do {
    const page: { events: { type: string }[]; nextToken?: string } = await company.aws('AWSStepFunctions', 'GetExecutionHistory', {
      executionArn,
      maxResults: 1_000,
      ...(nextToken && { nextToken }),
    });
    entered += page.events.filter(({ type }) => type.endsWith('StateEntered')).length;
    nextToken = page.nextToken;
  } while (nextToken);
  return entered;
}
