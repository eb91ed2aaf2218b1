/**
 * Ends sessions on an administrator's word, while the person may sign in again at once: shutting somebody out is a case's to do. A group is an order in
 * the table: each turn cuts some of its people and, in one transaction, writes down how far it came and calls for the next turn.
 * Race: a turn that broke comes again from where the last one ended; who is cut twice signs in twice.
 */
import { Gate } from '@gatehouse/contracts/records/gate';
import { timestamp } from '@gatehouse/runtime/clock';
import { Throttled } from '@gatehouse/runtime/fault';
import { publish } from '@gatehouse/runtime/publish';
import { get, readPage, transact } from '@gatehouse/runtime/table';
import { gateForCutSessions } from './gate.ts';
import { groupCutOrdered } from './group-cut-ordered.ts';
import { cutOrderKey, GroupCut } from './rows.ts';
import { endEpoch, liveSessions, markEnded, readGate } from './sessions.dynamodb.ts';

const maxAttempts = 5;

/** Every session of one person, by their gate's epoch. Undefined for somebody without a gate; a shut one has ended them all before. */
export async function cutPerson(
  table: string,
  person: string,
  told: { reason: string; cause: string },
  nowMs: number,
): Promise<{ sessions: number } | undefined> {
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const [before, sessions] = await Promise.all([readGate(table, person), liveSessions(table, person)]);
    if (!before) return undefined;
    const after = gateForCutSessions(before, timestamp(nowMs));
    if (!after) return { sessions: 0 };
    if (!(await endEpoch(table, before, after, { ...told, sessions: sessions.length }, nowMs))) continue;
    for (const one of sessions) await markEnded(table, one, nowMs);
    return { sessions: sessions.length };
  }
  throw new Throttled(`The gate of ${person} changed ${maxAttempts} times while its sessions were to end`);
}

/** Writes the order, and calls for its first turn. */
export async function orderGroupCut(table: string, order: Pick<GroupCut, 'id' | 'group' | 'reason' | 'by'>, nowMs: number): Promise<void> {
  const row: GroupCut = {
    ...order,
    state: 'working',
    turn: 0,
    people: 0,
    sessions: 0,
    ordered_at: timestamp(nowMs),
    expires_at: Math.floor(nowMs / 1000) + 90 * 86_400,
  };
  await transact([
    {
      Put: {
        TableName: table,
        Item: { ...cutOrderKey(order.id), ...GroupCut.parse(row) },
        ConditionExpression: 'attribute_not_exists(pk)',
      },
    },
    publish(table, groupCutOrdered, { order: order.id, turn: 0 }),
  ]);
}

export async function readGroupCut(table: string, id: string): Promise<GroupCut | undefined> {
  const row = await get(table, cutOrderKey(id));
  return row && GroupCut.parse(row);
}

/** What one turn may do: far below the time that its function has. */
const peopleATurn = 50;
const pagesATurn = 100;
const rowsAPage = 100;

/** One turn. What called for it may come late or twice: only the order's newest turn does anything. */
export async function cutSomeOfGroup(table: string, told: { id: string; turn: number }, nowMs: number): Promise<void> {
  const order = await readGroupCut(table, told.id);
  if (order?.state !== 'working' || order.turn !== told.turn) return;
  let { people, sessions } = order;
  let from = order.from;
  for (let page = 0, cut = 0; page < pagesATurn && cut < peopleATurn; page++) {
    const found = await peopleOf(table, order.group, from);
    for (const person of found.people) {
      const ended = await cutPerson(table, person, { reason: order.reason, cause: order.id }, nowMs);
      people += ended ? 1 : 0;
      sessions += ended?.sessions ?? 0;
    }
    cut += found.people.length;
    from = found.next;
    if (!from) break;
  }
  const turn = order.turn + 1;
  await transact([
    {
      Update: {
        TableName: table,
        Key: cutOrderKey(order.id),
        UpdateExpression: `SET turn = :next, people = :people, sessions = :sessions, #state = :state${from ? ', #from = :from' : ''}`,
        ConditionExpression: 'turn = :turn',
        ExpressionAttributeNames: { '#state': 'state', ...(from && { '#from': 'from' }) },
        ExpressionAttributeValues: {
          ':turn': order.turn,
          ':next': turn,
          ':people': people,
          ':sessions': sessions,
          ':state': from ? 'working' : 'done',
          ...(from && { ':from': from }),
        },
      },
    },
    ...(from ? [publish(table, groupCutOrdered, { order: order.id, turn })] : []),
  ]);
}

/** One page of the gates that hold a group, as every call is judged by them. No index covers groups: the table is read from end to end. */
async function peopleOf(table: string, group: string, from: GroupCut['from']): Promise<{ people: string[]; next: GroupCut['from'] }> {
  const { items, next } = await readPage(table, {
    ConsistentRead: true,
    Limit: rowsAPage,
    FilterExpression: 'begins_with(pk, :gate) AND contains(groups, :group)',
    ExpressionAttributeValues: { ':gate': 'GATE#', ':group': group },
    ExclusiveStartKey: from,
  });
  const people = items.map((row) => Gate.parse(row)).filter(({ groups }) => groups.includes(group));
  return { people: people.map(({ person }) => person), next: next && { pk: String(next.pk), sk: String(next.sk) } };
}
