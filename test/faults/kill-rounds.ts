/**
 * Kills a stack under mixed load at seeded points, starts it again on the same folder, and says what was promised and not kept: writes
 * that were confirmed and are gone or half there, executions that were started and do not end, leavers whom the directory reported and
 * nobody was told of. It promises nothing itself.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fourPorts } from '../../packages/local/ports.ts';
import { companyOf } from '../support/company.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { brokenMessages, brokenObjects, createStores, putObject, sendMessage } from './kill-stores.ts';

export interface Tally {
  kills: number;
  /** What was confirmed before the kills. */
  writes: number;
  executions: number;
  leavers: number;
  /** Empty when every promise was kept. */
  broken: string[];
}

const accounts = 4;
const startBalance = 1000;
const [accountTable, entryTable] = ['kill-accounts', 'kill-entries'];

/** What one round's load heard a yes to. */
interface Confirmed {
  entries: Set<string>;
  objects: Set<string>;
  messages: Set<string>;
  executions: Set<string>;
  leavers: Set<string>;
}

export async function killRounds(kills: number, seed: number, progress: (tally: Tally) => void = () => {}): Promise<Tally> {
  const data = await mkdtemp(join(tmpdir(), 'gatehouse-kill-'));
  const random = seeded(seed);
  const tally: Tally = { kills: 0, writes: 0, executions: 0, leavers: 0, broken: [] };
  // One port for all of them: people belong to the issuer that the identity provider's port is part of.
  const start = { args: ['--fast'], data, port: await fourPorts(0) };
  let stack = await startStack(start);
  try {
    await createTables(stack);
    await createStores(stack);
    while (tally.kills < kills) {
      const confirmed = await loadUntilKilled(stack, tally.kills, 4 + Math.floor(random() * 60));
      tally.kills++;
      tally.writes += confirmed.entries.size + confirmed.objects.size + confirmed.messages.size;
      tally.executions += confirmed.executions.size;
      tally.leavers += confirmed.leavers.size;
      stack = await startStack(start);
      const broken = [
        ...(await brokenWrites(stack, confirmed)),
        ...(await brokenObjects(stack, tally.kills - 1, confirmed.objects)),
        ...(await brokenMessages(stack, confirmed.messages)),
        ...(await brokenExecutions(stack, confirmed)),
        ...(await brokenLeavers(stack, confirmed)),
      ];
      tally.broken.push(...broken.map((what) => `kill ${tally.kills}: ${what}`));
      progress(tally);
    }
  } finally {
    await stack.stop('SIGKILL');
    await rm(data, { recursive: true, force: true });
  }
  return tally;
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 4_294_967_296;
  };
}

// --- load ---------------------------------------------------------------------------------------------------------------------------------

async function createTables(stack: Stack): Promise<void> {
  const { aws } = companyOf(stack);
  for (const TableName of [accountTable, entryTable])
    await aws('DynamoDB_20120810', 'CreateTable', {
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    });
  for (let n = 0; n < accounts; n++)
    await aws('DynamoDB_20120810', 'PutItem', { TableName: accountTable, Item: { pk: { S: `${n}` }, n: { N: `${startBalance}` } } });
}

/** Everything at once, until `count` things were confirmed; then SIGKILL with the rest in flight. */
async function loadUntilKilled(stack: Stack, round: number, count: number): Promise<Confirmed> {
  const { aws, hr } = companyOf(stack);
  const confirmed: Confirmed = { entries: new Set(), objects: new Set(), messages: new Set(), executions: new Set(), leavers: new Set() };
  const stateMachineArn = await offboardingMachine(stack);
  let killed: Promise<void> | undefined;

  const work: Record<string, (n: number) => Promise<void>> = {
    async transfer(n) {
      const id = `transfer#${round}#${n}`;
      const move = (account: number, by: number) => ({
        Update: {
          TableName: accountTable,
          Key: { pk: { S: `${account}` } },
          UpdateExpression: 'ADD n :by',
          ExpressionAttributeValues: { ':by': { N: `${by}` } },
        },
      });
      const entry = { Put: { TableName: entryTable, Item: { pk: { S: id } } } };
      const [from, to] = [n % accounts, (n + 1) % accounts];
      await aws('DynamoDB_20120810', 'TransactWriteItems', { TransactItems: [move(from, -1), move(to, 1), entry], ClientRequestToken: id });
      confirmed.entries.add(id);
    },
    async put(n) {
      const id = `plain#${round}#${n}`;
      await aws('DynamoDB_20120810', 'PutItem', { TableName: entryTable, Item: { pk: { S: id } } });
      confirmed.entries.add(id);
    },
    async object(n) {
      const id = `${round}-${n}`;
      await putObject(stack, id);
      confirmed.objects.add(id);
    },
    async message(n) {
      const id = `${round}-${n}`;
      await sendMessage(stack, id);
      confirmed.messages.add(id);
    },
    async execution(n) {
      const input = JSON.stringify({ person: 'alice@example.com', reason: 'left', dry_run: true });
      const wish = { stateMachineArn, name: `kill-${round}-${n}`, input };
      confirmed.executions.add((await aws<{ executionArn: string }>('AWSStepFunctions', 'StartExecution', wish)).executionArn);
    },
    async leaver(n) {
      const email = `kill-${round}-${n}@example.com`;
      const { id } = await hr('POST', '/users', { email, name: 'Some Body', active: true, groups: ['engineering'] });
      await hr('PATCH', `/users/${id}`, { active: false });
      confirmed.leavers.add(id);
    },
  };
  const total = () => Object.values(confirmed).reduce((sum, set) => sum + set.size, 0);
  async function worker(one: (n: number) => Promise<void>, most: number): Promise<void> {
    for (let n = 0; n < most && !killed; n++) {
      try {
        await one(n);
      } catch (error) {
        if (killed) return;
        throw error;
      }
      if (total() >= count) killed ??= stack.stop('SIGKILL');
    }
  }
  // Leavers and executions are worth many writes each, so they are few.
  const most: Readonly<Record<string, number>> = { execution: 6, leaver: 2 };
  await Promise.all(Object.entries(work).map(([name, one]) => worker(one, most[name] ?? 1000)));
  await killed;
  return confirmed;
}

async function offboardingMachine(stack: Stack): Promise<string> {
  const { stateMachines } = await companyOf(stack).aws<{ stateMachines: { name: string; stateMachineArn: string }[] }>(
    'AWSStepFunctions',
    'ListStateMachines',
    {},
  );
  return stateMachines.find(({ name }) => name.endsWith('-offboarding'))?.stateMachineArn ?? '';
}

// --- after the restart --------------------------------------------------------------------------------------------------------------------

async function brokenWrites(stack: Stack, confirmed: Confirmed): Promise<string[]> {
  const scan = async (TableName: string) => {
    const items: Record<string, { S?: string; N?: string }>[] = [];
    for (let ExclusiveStartKey: unknown, first = true; first || ExclusiveStartKey; first = false) {
      const page = await companyOf(stack).aws<{ Items: typeof items; LastEvaluatedKey?: unknown }>('DynamoDB_20120810', 'Scan', {
        TableName,
        ...(ExclusiveStartKey !== undefined && { ExclusiveStartKey }),
      });
      items.push(...page.Items);
      ExclusiveStartKey = page.LastEvaluatedKey;
    }
    return items;
  };
  const ids = new Set((await scan(entryTable)).map(({ pk }) => pk?.S ?? ''));
  const lost = [...confirmed.entries].filter((id) => !ids.has(id)).map((id) => `${id} was confirmed and is gone`);
  const expected = Array.from({ length: accounts }, () => startBalance);
  for (const id of ids) {
    const [kind, , n] = id.split('#');
    if (kind !== 'transfer') continue;
    const from = Number(n) % accounts;
    const to = (from + 1) % accounts;
    expected[from] = (expected[from] ?? 0) - 1;
    expected[to] = (expected[to] ?? 0) + 1;
  }
  const balances = new Map((await scan(accountTable)).map(({ pk, n }) => [pk?.S, Number(n?.N)]));
  const torn = expected.flatMap((balance, n) =>
    balances.get(`${n}`) === balance ? [] : [`account ${n} holds ${balances.get(`${n}`)}, its transfers say ${balance}`],
  );
  return [...lost, ...torn];
}

async function brokenExecutions(stack: Stack, confirmed: Confirmed): Promise<string[]> {
  const broken: string[] = [];
  for (const executionArn of confirmed.executions) {
    const ended = await stack
      .until(
        async () => {
          const found = await companyOf(stack).aws<{ status: string; error?: string; cause?: string }>(
            'AWSStepFunctions',
            'DescribeExecution',
            {
              executionArn,
            },
          );
          return found.status === 'RUNNING' ? undefined : found;
        },
        { stepSeconds: 2, timeoutMs: 90_000, what: executionArn },
      )
      .catch((error: unknown) => ({ status: 'lost', error: String(error).split('\n')[0], cause: '' }));
    if (ended.status !== 'SUCCEEDED')
      broken.push(`${executionArn.split(':').at(-1)} ended ${ended.status} ${ended.error} ${ended.cause?.slice(0, 300)}`);
  }
  return broken;
}

async function brokenLeavers(stack: Stack, confirmed: Confirmed): Promise<string[]> {
  const broken: string[] = [];
  for (const id of confirmed.leavers) {
    await companyOf(stack)
      .caseOf(id, () => true, { stepSeconds: 30, what: `a case of ${id}` })
      .catch((error: unknown) => broken.push(`the leaver ${id} got no case: ${String(error).split('\n')[0]}`));
  }
  return broken;
}
