/** How rows are played on a running stack: the clock moves on once everything that can be done now is done. It judges nothing. */
import { type Company, companyOf, type Offboarding } from '../support/company.ts';
import type { Person, Stack } from '../support/stack.ts';
import { faultsOf } from './rows.ts';

export interface Stage {
  stack: Stack;
  company: Company;
  /** Signed in not long ago. */
  admin(): Promise<Person>;
  /** Newest first. */
  cases(person: string): Promise<Offboarding[]>;
  /** Whether a fact has told a human of this person since the row began. */
  isTold(person: string): Promise<boolean>;
  /** Moves the clock, and lets what is due be done. */
  turn(seconds: number): Promise<void>;
  /** Turns until the answer is true. @returns false when it never was. */
  turnUntil(ask: () => Promise<boolean>, options: { seconds: number; turns: number }): Promise<boolean>;
}

/** Longer than any state's own timeout: a call that never came back is over by then, whatever becomes of it. */
const forgottenSeconds = 90;
/** Before a step of the clock so long, all that is under way is done, and what was told is noted: a fact is kept for two days. */
const listenSeconds = 300;
/** A call that never answers keeps the stack from being settled. */
const patienceMs = 1_500;
/** An access token lives for three hours. */
const signInSeconds = 3_600;

export function stageOf(stack: Stack): Stage {
  const company = companyOf(stack);
  const hanging = new Map<string, number>();
  /** Facts are kept for days, and the clock leaps. */
  const told = new Set<string>();
  let signedIn: { admin: Promise<Person>; leftSeconds: number } | undefined;

  const admin = () => {
    if (!signedIn || signedIn.leftSeconds <= 0)
      signedIn = { admin: patiently(() => stack.as('carol@example.com')), leftSeconds: signInSeconds };
    return signedIn.admin;
  };
  async function listen(): Promise<void> {
    for (const { person } of await factsOf(company, 'lifecycle', 'case-stuck')) told.add(String(person));
  }

  /** Nothing is in flight any more, or only a call that never answers. */
  async function settled(): Promise<void> {
    for (let left = 40; left > 0; left--) {
      const answer = await fetch(`${stack.aws}/_settled`, { signal: AbortSignal.timeout(patienceMs) }).catch(() => undefined);
      if (answer?.ok || (await faultsOf(stack.aws)).faults.some(({ hang, struck }) => hang && struck > 0)) return;
    }
  }

  async function turn(seconds: number): Promise<void> {
    if (seconds >= listenSeconds) {
      await settled();
      await listen();
    }
    await stack.advance(seconds);
    if (signedIn) signedIn.leftSeconds -= seconds;
    const { faults } = await faultsOf(stack.aws);
    for (const { id, hang, struck } of faults) {
      if (!hang || struck === 0) continue;
      const waited = (hanging.get(id) ?? 0) + seconds;
      hanging.set(id, waited);
      if (waited >= forgottenSeconds) await fetch(`${stack.aws}/_faults/${id}`, { method: 'DELETE' });
    }
    await settled();
    for (const id of hanging.keys()) if (!(await faultsOf(stack.aws)).faults.some((one) => one.id === id)) hanging.delete(id);
  }

  return {
    stack,
    company,
    admin,
    cases: (person) =>
      patiently(async () => {
        const answer = await (await admin()).fetch(`/admin/offboardings?person=${person}`);
        if (!answer.ok) throw new Error(`The list of offboardings answered ${answer.status}`);
        return ((await answer.json()) as { offboardings: Offboarding[] }).offboardings;
      }),
    async isTold(person) {
      if (!told.has(person)) await listen();
      return told.has(person);
    },
    turn,
    async turnUntil(ask, { seconds, turns }) {
      for (let at = 0; at < turns; at++) {
        if (await ask()) return true;
        await turn(seconds);
      }
      return ask();
    },
  };
}

export interface Execution {
  status: string;
  cause?: string;
  output?: string;
}

export async function startMachine(company: Company, machine: string, input: object): Promise<string> {
  const { executionArn } = await company.aws<{ executionArn: string }>('AWSStepFunctions', 'StartExecution', {
    stateMachineArn: `arn:aws:states:us-east-1:000000000000:stateMachine:gatehouse-local-${machine}:live`,
    input: JSON.stringify(input),
  });
  return executionArn;
}

export function executionOf(company: Company, executionArn: string): Promise<Execution> {
  return company.aws('AWSStepFunctions', 'DescribeExecution', { executionArn });
}

/** What refuses for a moment while the clock leaps is asked again. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let left = 5; ; left--) {
    try {
      return await ask();
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
}

interface Page {
  Items: { detail: { S: string } }[];
  LastEvaluatedKey?: object;
}

/** The facts of this type that the capability's table still holds. */
async function factsOf(company: Company, capability: string, type: string): Promise<Record<string, unknown>[]> {
  const facts: Record<string, unknown>[] = [];
  let from: object | undefined;
  do {
    const page: Page = await company.aws('DynamoDB_20120810', 'Scan', {
      TableName: `gatehouse-local-${capability}`,
      FilterExpression: '#type = :type',
      ExpressionAttributeNames: { '#type': 'type' },
      ExpressionAttributeValues: { ':type': { S: type } },
      ...(from && { ExclusiveStartKey: from }),
    });
    facts.push(...page.Items.map(({ detail }) => JSON.parse(detail.S)));
    from = page.LastEvaluatedKey;
  } while (from);
  return facts;
}

/** In slices, for a stack has one process. */
export async function eachOf<T, R>(list: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < list.length; at += 5) results.push(...(await Promise.all(list.slice(at, at + 5).map(work))));
  return results;
}
