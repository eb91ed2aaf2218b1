/**
 * Random writes, deletes, conditions and transactions, several at once, against the embedded DynamoDB and against a plain map. The table's
 * stream tells the order in which commits happened; applied in that order to the map, each must have been allowed, must do exactly what the
 * stream says, and all of a transaction must come together.
 */
import { deepStrictEqual, ok } from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { AttributeValue, DynamoDBRecord } from 'aws-lambda';
import { createDynamoDb, type DynamoDb } from '../../packages/local/aws/dynamodb/dynamodb.ts';
import { table } from '../../packages/local/aws/dynamodb/test-table.ts';
import { AwsError } from '../../packages/local/aws/service.ts';
import { createClock } from '../../packages/local/clock.ts';

type Item = Record<string, AttributeValue>;
type State = Map<string, Item>;

/** What one write wants of one item. `id` marks the item, so that the stream tells who wrote it. */
interface Write {
  id: string;
  pk: string;
  what: 'put' | 'add' | 'set' | 'increase' | 'remove' | 'delete' | 'check';
  n: number;
  condition?: Condition;
}
type Condition = { is: 'there' } | { is: 'absent' } | { is: 'at least'; n: number } | { is: 'equal'; n: number };

interface Operation {
  id: string;
  /** One write alone, or a transaction. */
  writes: Write[];
  transaction: boolean;
}
interface Done {
  operation: Operation;
  /** A reason for each write; none when it was committed. */
  refused?: string[];
}

const keys = ['a', 'b', 'c', 'd', 'e'];
const TableName = 'model';
const groupsOfOne = 1000;

export interface Compared {
  groups: number;
  committed: number;
  refused: number;
  transactions: number;
}

/** `groups` of one to five operations at once. Throws with the seed and the group at the first difference. */
export async function compareTransactions(groups: number, seed: number, progress: (done: number) => void = () => {}): Promise<Compared> {
  const total: Compared = { groups: 0, committed: 0, refused: 0, transactions: 0 };
  const random = seeded(seed);
  while (total.groups < groups) {
    const clock = createClock();
    const db = await createDynamoDb({ clock });
    await db.call('CreateTable', table(TableName));
    const stream: DynamoDBRecord[] = [];
    db.onRecords(TableName, (records) => void stream.push(...records));
    const model: State = new Map();
    for (let left = Math.min(groupsOfOne, groups - total.groups); left > 0; left--) {
      const operations = anyGroup(random, total.groups);
      try {
        const done = await Promise.all(operations.map((operation) => run(db, operation)));
        await db.settled();
        judge(model, done, stream.splice(0));
        if (left % 20 === 1) await sameEverywhere(db, model);
        count(total, done);
      } catch (cause) {
        throw new Error(`Seed ${seed}, group ${total.groups}: ${JSON.stringify(operations)}`, { cause });
      }
      progress(++total.groups);
    }
    await db.close();
    clock.close();
  }
  return total;
}

function count(total: Compared, done: readonly Done[]): void {
  for (const { operation, refused } of done) {
    if (refused) total.refused++;
    else total.committed++;
    if (operation.transaction) total.transactions++;
  }
}

// --- generating ---------------------------------------------------------------------------------------------------------------------------

function anyGroup(random: () => number, group: number): Operation[] {
  const upTo = (most: number) => 1 + Math.floor(random() * most);
  return Array.from({ length: upTo(5) }, (_, at) => {
    const id = `${group}.${at}`;
    const transaction = random() < 0.5;
    const shuffled = keys.map((key) => [random(), key] as const).sort(([a], [b]) => a - b);
    const chosen = shuffled.slice(0, transaction ? upTo(4) : 1).map(([, key]) => key);
    return { id, transaction, writes: chosen.map((pk, place) => anyWrite(random, `${id}.${place}`, pk, transaction)) };
  });
}
function anyWrite(random: () => number, id: string, pk: string, transaction: boolean): Write {
  const one = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const what = one(['put', 'add', 'set', 'increase', 'remove', 'delete', ...(transaction ? (['check'] as const) : [])] as const);
  const condition = one<Condition>([
    { is: 'there' },
    { is: 'absent' },
    { is: 'at least', n: Math.floor(random() * 6) },
    { is: 'equal', n: Math.floor(random() * 6) },
  ]);
  const n = Math.floor(random() * 6) - (what === 'add' ? 2 : 0);
  return { id, pk, what, n, ...((what === 'check' || random() < 0.5) && { condition }) };
}
function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

// --- asking -------------------------------------------------------------------------------------------------------------------------------

async function run(db: DynamoDb, operation: Operation): Promise<Done> {
  const asked = operation.writes.map(asWire);
  const [first] = asked;
  try {
    if (operation.transaction) await db.call('TransactWriteItems', { TransactItems: asked.map(({ kind, input }) => ({ [kind]: input })) });
    else if (first) await db.call(`${first.kind}Item`, first.input);
    return { operation };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    if (!operation.transaction) return { operation, refused: [error.type.replace('Exception', '').replace('CheckFailed', 'Failed')] };
    const reasons = error.extra.CancellationReasons as { Code: string }[];
    ok(reasons, `${error.type}: ${error.message}`);
    return {
      operation,
      refused: reasons.map(({ Code }) => Code.replace('ValidationError', 'Validation').replace('CheckFailed', 'Failed')),
    };
  }
}

const conditions = { there: 'attribute_exists(pk)', absent: 'attribute_not_exists(pk)', 'at least': 'n >= :c', equal: 'n = :c' };
const updates = {
  add: 'ADD n :n SET id = :id, gsi1pk = :g, gsi1sk = :id',
  set: 'SET n = :n, id = :id',
  increase: 'SET n = n + :n, id = :id, gsi1pk = :g, gsi1sk = :id',
  remove: 'REMOVE n, gsi1pk SET id = :id',
};

function asWire({ id, pk, what, n, condition }: Write): { kind: string; input: object } {
  const key = { pk: { S: pk }, sk: { S: '1' } };
  const values: Item = {
    ...(condition && 'n' in condition && { ':c': { N: String(condition.n) } }),
    ...(what in updates && { ':id': { S: id }, ...(what !== 'remove' && { ':n': { N: String(n) } }) }),
    ...((what === 'add' || what === 'increase') && { ':g': { S: 'g' } }),
  };
  const common = {
    TableName,
    ...(condition && { ConditionExpression: conditions[condition.is] }),
    ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
  };
  if (what === 'put') return { kind: 'Put', input: { ...common, Item: { ...key, id: { S: id }, n: { N: String(n) } } } };
  if (what === 'delete') return { kind: 'Delete', input: { ...common, Key: key } };
  if (what === 'check') return { kind: 'ConditionCheck', input: { ...common, Key: key } };
  return { kind: 'Update', input: { ...common, Key: key, UpdateExpression: updates[what] } };
}

// --- the model ----------------------------------------------------------------------------------------------------------------------------

/** Why DynamoDB would refuse the write on this item; `None` when it would not. */
function refusal({ what, condition }: Write, item: Item | undefined): string {
  const n = item?.n?.N === undefined ? undefined : Number(item.n.N);
  const met =
    !condition ||
    (condition.is === 'there' && item !== undefined) ||
    (condition.is === 'absent' && item === undefined) ||
    (condition.is === 'at least' && n !== undefined && n >= condition.n) ||
    (condition.is === 'equal' && n === condition.n);
  if (!met) return 'ConditionalFailed';
  return what === 'increase' && n === undefined ? 'Validation' : 'None';
}

function applied({ id, pk, what, n }: Write, item: Item | undefined): Item | undefined {
  if (what === 'delete') return undefined;
  if (what === 'check') return item;
  const before = what === 'put' ? undefined : item;
  const next: Item = { ...(before ?? { pk: { S: pk }, sk: { S: '1' } }), id: { S: id } };
  if (what === 'remove') {
    delete next.n;
    delete next.gsi1pk;
    return next;
  }
  const old = what === 'add' || what === 'increase' ? Number(before?.n?.N ?? 0) : 0;
  next.n = { N: String(old + n) };
  if (what === 'add' || what === 'increase') Object.assign(next, { gsi1pk: { S: 'g' }, gsi1sk: { S: id } });
  return next;
}

/** What one write made of one item; the stream has a record of it unless nothing was there before or after, or nothing was written. */
interface Step {
  write: Write;
  before: Item | undefined;
  after: Item | undefined;
}
const isStreamed = ({ write, before, after }: Step) => write.what !== 'check' && (before !== undefined || after !== undefined);

/** Finds who made each record, plays the commits on the model, and asks of each refusal whether it was ever right. */
function judge(model: State, done: readonly Done[], stream: readonly DynamoDBRecord[]): void {
  const history = new Map(keys.map((key) => [key, [model.get(key)]]));
  const open = new Set(done.filter(({ refused }) => !refused).map(({ operation }) => operation));
  for (let at = 0; at < stream.length; ) {
    const author = authorOf(stream.slice(at), open, model);
    ok(author, `nobody could have written ${JSON.stringify(stream.slice(at))} here`);
    open.delete(author.operation);
    at += author.steps.filter(isStreamed).length;
    for (const { write, after } of author.steps) {
      if (after) model.set(write.pk, after);
      else model.delete(write.pk);
      history.get(write.pk)?.push(after);
    }
  }
  // What is left changed nothing: deletes of what was not there, and checks. Each must have been right at some time.
  for (const { writes } of open)
    mustHaveHeld(
      writes,
      history,
      writes.map(() => 'None'),
    );
  for (const { operation, refused } of done) if (refused) mustHaveHeld(operation.writes, history, refused);
}

/** The operation that was allowed now and whose records are, one by one, those that the stream has next. */
function authorOf(
  stream: readonly DynamoDBRecord[],
  open: ReadonlySet<Operation>,
  model: State,
): { operation: Operation; steps: Step[] } | undefined {
  for (const operation of open) {
    const steps = operation.writes.map((write) => {
      const before = model.get(write.pk);
      return { write, before, after: applied(write, before) };
    });
    const streamed = steps.filter(isStreamed);
    if (streamed.length === 0 || steps.some(({ write, before }) => refusal(write, before) !== 'None')) continue;
    const fits = streamed.every(({ write, before, after }, at) => {
      const { Keys, OldImage, NewImage } = stream[at]?.dynamodb ?? {};
      return Keys?.pk?.S === write.pk && isDeepStrictEqual(OldImage, before) && isDeepStrictEqual(NewImage, after);
    });
    if (fits) return { operation, steps };
  }
  return undefined;
}

function mustHaveHeld(writes: readonly Write[], history: ReadonlyMap<string, (Item | undefined)[]>, reasons: readonly string[]): void {
  for (const [at, write] of writes.entries()) {
    const ever = new Set(history.get(write.pk)?.map((item) => refusal(write, item)));
    ok(ever.has(reasons[at] ?? ''), `${write.id} was answered ${reasons[at]}, and could only be ${[...ever]}`);
  }
}

/** The table, its index and a transaction that reads all show what the model has. */
async function sameEverywhere(db: DynamoDb, model: State): Promise<void> {
  const sorted = (items: readonly Item[]) => items.toSorted((a, b) => ((a.pk?.S ?? '') < (b.pk?.S ?? '') ? -1 : 1));
  const expected = sorted([...model.values()]);
  const { Items } = (await db.call('Scan', { TableName })) as { Items: Item[] };
  deepStrictEqual(sorted(Items), expected);
  const index = (await db.call('Scan', { TableName, IndexName: 'gsi1' })) as { Items: Item[] };
  deepStrictEqual(
    sorted(index.Items),
    expected.filter((item) => item.gsi1pk && item.gsi1sk),
  );
  const Gets = keys.map((pk) => ({ Get: { TableName, Key: { pk: { S: pk }, sk: { S: '1' } } } }));
  const { Responses } = (await db.call('TransactGetItems', { TransactItems: Gets })) as { Responses: { Item?: Item }[] };
  deepStrictEqual(
    Responses.map(({ Item }) => Item),
    keys.map((key) => model.get(key)),
  );
}
