/**
 * TransactWriteItems and TransactGetItems: all items of a transaction are locked, judged, and written as one batch, or nothing is.
 * Unlike AWS a transaction waits for another one on the same item instead of failing with TransactionConflict.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { AwsError } from '../service.ts';
import { type Change, canonical } from './change.ts';
import { type Capacity, type Item, loadDynalite, type Op, type Request } from './dynalite.ts';
import { act, check } from './request.ts';
import { entries, type Store } from './store.ts';
import { createView, isConditionFailure, isWireError, withItem } from './view.ts';

/** A ConditionCheck is checked as a Delete: a key and a condition. */
const kinds = { Put: 'PutItem', Update: 'UpdateItem', Delete: 'DeleteItem', ConditionCheck: 'DeleteItem', Get: 'GetItem' } as const;
type Kind = keyof typeof kinds;

const fields = [
  ...['TableName', 'Item', 'Key', 'UpdateExpression', 'ConditionExpression', 'ProjectionExpression'],
  ...['ExpressionAttributeNames', 'ExpressionAttributeValues', 'ReturnValuesOnConditionCheckFailure'],
];

interface Work {
  kind: Kind;
  data: Request;
  table: string;
  key: string;
}

interface Reason {
  Code: string;
  Message?: string;
  Item?: Item;
}

interface TransactInput {
  TransactItems?: unknown[];
  ClientRequestToken?: string;
  ReturnConsumedCapacity?: 'INDEXES' | 'TOTAL' | 'NONE';
}

export interface Transactions {
  write(input: TransactInput): Promise<Record<string, unknown>>;
  get(input: TransactInput): Promise<Record<string, unknown>>;
  /** Forgets the request tokens whose ten minutes are over. */
  sweepTokens(): Promise<void>;
}

/** AWS: a client request token is valid for ten minutes after the request that used it is finished. */
const tokenMs = 10 * 60_000;
const tokenPrefix = 'request-token~';
const topTypes = { TransactItems: { type: 'List', notNull: true, lengthGreaterThanOrEqual: 1, lengthLessThanOrEqual: 100 } };

export async function createTransactions(store: Store, clock: Clock): Promise<Transactions> {
  const { db, validations } = loadDynalite();
  const tokens = await rememberedTokens(store);
  const running = new Set<string>();

  function parse(input: TransactInput, allowed: readonly Kind[]): Work[] {
    if (input.TransactItems != null && !Array.isArray(input.TransactItems))
      throw new AwsError('SerializationException', 'TransactItems is not a list');
    validations.checkValidations({ TransactItems: input.TransactItems }, topTypes, undefined, store.dynalite);
    const work = (input.TransactItems ?? []).map((entry, position) => {
      const given = Object.entries(entry ?? {}).filter(([, spec]) => spec != null);
      const [kind, spec] = given[0] ?? [];
      if (given.length !== 1 || !allowed.includes(kind as Kind)) {
        throw db.validationError(
          allowed.includes('Get')
            ? 'TransactItems can only contain Get operations'
            : 'TransactItems can only contain one of Check, Put, Update or Delete',
        );
      }
      return locate(kind as Kind, spec as object, position, input);
    });
    if (new Set(work.map((item) => `${item.table}~${item.key}`)).size < work.length)
      throw db.validationError('Transaction request cannot include multiple operations on one item');
    return work;
  }
  function locate(kind: Kind, spec: object, position: number, input: TransactInput): Work {
    const data = check(store, kinds[kind], spec, fields);
    if (kind === 'ConditionCheck') mustHave(data.ConditionExpression, `${position + 1}.member.conditionCheck.conditionExpression`);
    if (kind === 'Update') mustHave(data.UpdateExpression, `${position + 1}.member.update.updateExpression`);
    const table = store.table(data.TableName);
    if (!table) throw new AwsError('ResourceNotFoundException', 'Requested resource not found');
    const item = (kind === 'Put' ? data.Item : data.Key) ?? {};
    const wrong = kind === 'Put' ? db.validateItem(item, table) : db.validateKey(item, table);
    if (wrong) throw wrong;
    if (input.ReturnConsumedCapacity) data.ReturnConsumedCapacity = input.ReturnConsumedCapacity;
    return { kind, data, table: data.TableName, key: db.createKey(item, table) };
  }
  function mustHave(value: unknown, place: string): void {
    if (value != null) return;
    throw db.validationError(
      `1 validation error detected: Value null at 'transactItems.${place}' failed to satisfy constraint: Member must not be null`,
    );
  }

  async function write(input: TransactInput): Promise<Record<string, unknown>> {
    const work = parse(input, ['Put', 'Update', 'Delete', 'ConditionCheck']);
    const token = input.ClientRequestToken;
    if (token === undefined) return commit(work);
    const [place, asked] = [sha256(token), sha256(canonical(input.TransactItems))];
    const earlier = tokens.get(place);
    if (earlier && clock.now() - earlier.at < tokenMs) {
      if (earlier.asked === asked) return capacities([]);
      throw new AwsError(
        'IdempotentParameterMismatchException',
        'The request uses the same client token as a previous, but non-identical request',
      );
    }
    if (running.has(place))
      throw new AwsError('TransactionInProgressException', 'The transaction with the given request token is already in progress');
    running.add(place);
    try {
      const memory = { asked, at: clock.now() };
      const answer = await commit(work, [{ type: 'put', key: `${tokenPrefix}${place}`, value: memory }]);
      tokens.delete(place);
      tokens.set(place, memory);
      return answer;
    } finally {
      running.delete(place);
    }
  }

  function commit(work: readonly Work[], extra: readonly Op[] = []): Promise<Record<string, unknown>> {
    return holding(work, async () => {
      const changes: Change[] = [];
      const reasons: Reason[] = [];
      const used: (Capacity | undefined)[] = [];
      for (const item of work) {
        const view = createView(store, item.data, { locked: true, save: (change) => keep(changes, change) });
        try {
          used.push(item.kind === 'ConditionCheck' ? judge(item, view.store.getItemDb(item.table)) : await apply(item, view));
          reasons.push({ Code: 'None' });
        } catch (error) {
          reasons.push(reason(withItem(error, item.data, view.read[0])));
        }
      }
      const codes = reasons.map((each) => each.Code);
      if (codes.some((code) => code !== 'None')) {
        throw new AwsError(
          'TransactionCanceledException',
          `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes.join(', ')}]`,
          { extra: { CancellationReasons: reasons } },
        );
      }
      await store.commit(changes, extra);
      return capacities(used);
    });
  }

  async function apply(item: Work, view: ReturnType<typeof createView>): Promise<Capacity | undefined> {
    const answer = await act(kinds[item.kind], view, item.data);
    return answer.ConsumedCapacity as Capacity | undefined;
  }
  function judge(item: Work, items: { get(key: string, done: (error: unknown, value?: unknown) => void): void }): Capacity | undefined {
    let existing: Item | undefined;
    items.get(item.key, (_error, value) => {
      existing = value as Item | undefined;
    });
    const wrong = db.checkConditional(item.data, existing);
    if (wrong) throw wrong;
    return db.addConsumedCapacity(item.data, false, existing);
  }

  async function get(input: TransactInput): Promise<Record<string, unknown>> {
    const work = parse(input, ['Get']);
    return holding(work, async () => {
      const found = await Promise.all(
        work.map((item) => act('GetItem', createView(store, item.data, { save: () => undefined }), item.data)),
      );
      return {
        Responses: found.map((answer) => (answer.Item ? { Item: answer.Item } : {})),
        ...capacities(found.map((answer) => answer.ConsumedCapacity as Capacity | undefined)),
      };
    });
  }

  /** The locks are dynalite's, one a key; taken in one order by everybody, they cannot block each other for ever. */
  async function holding<T>(work: readonly Work[], task: () => Promise<T>): Promise<T> {
    const held: (() => void)[] = [];
    const ordered = work.toSorted((a, b) => (`${a.table}~${a.key}` < `${b.table}~${b.key}` ? -1 : 1));
    try {
      for (const { table, key } of ordered) {
        const { lock } = store.dynalite.getItemDb(table);
        held.push(await new Promise<() => void>((resolve) => lock(key, (release) => resolve(release(() => {})))));
      }
      return await task();
    } finally {
      for (const release of held) release();
    }
  }

  async function sweepTokens(): Promise<void> {
    const over: Op[] = [];
    for (const [place, { at }] of tokens) {
      if (clock.now() - at < tokenMs) break;
      tokens.delete(place);
      over.push({ type: 'del', key: `${tokenPrefix}${place}` });
    }
    await store.commit([], over);
  }
  return { write, get, sweepTokens };
}

function keep(changes: Change[], change: Change): undefined {
  changes.push(change);
}

interface Token {
  asked: string;
  at: number;
}

/** Oldest first, as a running process has them. */
async function rememberedTokens(store: Store): Promise<Map<string, Token>> {
  const found = (await entries(store.root, tokenPrefix)) as [string, Token][];
  return new Map(found.sort(([, a], [, b]) => a.at - b.at));
}

/** AWS names what a caller can do something about; anything else is a fault of ours and stops the transaction. */
function reason(error: unknown): Reason {
  if (!isWireError(error)) throw error;
  const { message, Message, ...rest } = error.body;
  const text = message ?? Message ?? '';
  const item = 'Item' in rest ? { Item: rest.Item as Item } : {};
  return { Code: isConditionFailure(error) ? 'ConditionalCheckFailed' : 'ValidationError', Message: text, ...item };
}

/** AWS: every read and write of a transaction costs twice its units. */
function capacities(used: readonly (Capacity | undefined)[]): Record<string, unknown> {
  const units = new Map<string, number>();
  for (const each of used) if (each) units.set(each.TableName, (units.get(each.TableName) ?? 0) + 2 * each.CapacityUnits);
  if (units.size === 0) return {};
  return { ConsumedCapacity: [...units].map(([TableName, CapacityUnits]) => ({ TableName, CapacityUnits })) };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
