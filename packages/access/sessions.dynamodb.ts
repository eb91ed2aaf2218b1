/**
 * Gates, sessions and families in the table. Every change is one transaction, conditional on the gate as it was read:
 * a gate shut while somebody signs in wins, because the sign-in's condition no longer holds and is decided again on the new state.
 * Two refreshes with one token: one update holds, the other is told what the family has become and answers the same successor.
 */
import { Gate, gate } from '@gatehouse/contracts/records/gate';
import { type Revocation, revocation, revocationShards } from '@gatehouse/contracts/records/revocation';
import { Session, session } from '@gatehouse/contracts/records/session';
import { accessTokenSeconds } from '@gatehouse/core/access-token';
import { skewSeconds } from '@gatehouse/core/jwt';
import { refreshReused } from '@gatehouse/events/refresh-reused';
import { sessionCut } from '@gatehouse/events/session-cut';
import { fresh, timestamp } from '@gatehouse/runtime/clock';
import { publish } from '@gatehouse/runtime/publish';
import { sequence } from '@gatehouse/runtime/revocations';
import { get, query, transact, update, type Write } from '@gatehouse/runtime/table';
import { Family, familyKey, sessionsOf } from './rows.ts';

const isNew = 'attribute_not_exists(pk)';
const sameGate = 'epoch = :epoch AND #state = :state AND generation = :generation';
const isLive = '#state = :live';
const liveAtStep = '#state = :live AND step = :step';

export async function readGate(table: string, person: string): Promise<Gate | undefined> {
  const row = await get(table, gate.key(person));
  return row && Gate.parse(row);
}

export async function readFamily(table: string, id: string): Promise<Family | undefined> {
  const row = await get(table, familyKey(id));
  return row && Family.parse(row);
}

export async function readSession(table: string, id: string): Promise<Session | undefined> {
  const row = await get(table, session.key(id));
  return row && Session.parse(row);
}

/** A person's sessions that have not ended, newest index state; what an eventually consistent list may miss, the gate covers. */
export async function liveSessions(table: string, person: string): Promise<Session[]> {
  const rows = await query(table, sessionsOf(person), { index: 'gsi1' });
  return rows.map((row) => Session.parse(row)).filter(({ state }) => state === 'live');
}

/** Families of a person that were born before the gate's last shutting and could be refreshed but for it, newest first. */
export async function familiesOf(table: string, person: string, gate: Gate, nowMs: number): Promise<Family[]> {
  const rows = await query(table, sessionsOf(person), { index: 'gsi1' });
  const sessions = rows.map((row) => Session.parse(row)).filter(({ expires_at }) => expires_at * 1000 > nowMs);
  const families = await Promise.all(sessions.map(({ family }) => readFamily(table, family)));
  return families
    .filter((one) => one !== undefined)
    .filter(({ state, epoch }) => state === 'live' && epoch < gate.epoch)
    .sort((a, b) => b.rotated_at - a.rotated_at);
}

/** The gate as it should be, if it still is as it was. */
function writeGate(table: string, before: Gate | undefined, after: Gate): Write {
  const key = gate.key(after.person);
  if (!before) return { Put: { TableName: table, Item: { ...key, ...after }, ConditionExpression: isNew } };
  const condition = {
    ConditionExpression: sameGate,
    ExpressionAttributeNames: { '#state': 'state' },
    ExpressionAttributeValues: { ':epoch': before.epoch, ':state': before.state, ':generation': before.generation },
  };
  if (before === after) return { ConditionCheck: { TableName: table, Key: key, ...condition } };
  return { Put: { TableName: table, Item: { ...key, ...after }, ...condition } };
}

export interface Start {
  gate: { before: Gate | undefined; after: Gate };
  session: Session;
  family: Family;
  /** What must hold once: the subject token's single use, the device's redemption. */
  once: Write;
}

/** Answers whether it held; `used` says that the single use was spent before. */
export async function startSession(table: string, start: Start): Promise<'started' | 'used' | 'changed'> {
  const { session: born, family } = start;
  const answer = await transact([
    writeGate(table, start.gate.before, start.gate.after),
    {
      Put: {
        TableName: table,
        Item: { ...session.key(born.id), ...born, gsi1pk: sessionsOf(born.person), gsi1sk: born.id },
        ConditionExpression: isNew,
      },
    },
    { Put: { TableName: table, Item: { ...familyKey(family.id), ...family }, ConditionExpression: isNew } },
    start.once,
  ]);
  if (answer.held) return 'started';
  return answer.reasons[3]?.code === 'ConditionalCheckFailed' ? 'used' : 'changed';
}

/** Makes the next step the live one. When another call was first, answers the family as it is now. */
export async function rotate(
  table: string,
  family: Family,
  nowMs: number,
  by?: string,
): Promise<{ rotated: boolean; family: Family | undefined }> {
  const answer = await update(table, familyKey(family.id), {
    UpdateExpression: `SET step = :next, rotated_at = :now${by === undefined ? '' : ', rotated_by = :by'}`,
    ConditionExpression: liveAtStep,
    ExpressionAttributeNames: { '#state': 'state' },
    ExpressionAttributeValues: {
      ':live': 'live',
      ':step': family.step,
      ':next': family.step + 1,
      ':now': nowMs,
      ...(by !== undefined && { ':by': by }),
    },
  });
  return { rotated: answer.held, family: answer.item && Family.parse(answer.item) };
}

/** Ends one session and its family, tells the polled surfaces, and raises the fact: all or nothing. False when it had ended before. */
export async function endSession(
  table: string,
  family: Family,
  why: { state: 'ended'; reason: string } | { state: 'reused'; presented: number },
  nowMs: number,
): Promise<boolean> {
  const { person, session: id } = family;
  const fact =
    why.state === 'reused'
      ? publish(table, refreshReused, { person, family: family.id, session: id, presented_step: why.presented, current_step: family.step })
      : publish(table, sessionCut, { person, epoch: family.epoch, sessions: 1, reason: why.reason });
  const answer = await transact([
    {
      Update: {
        TableName: table,
        Key: familyKey(family.id),
        UpdateExpression: 'SET #state = :ended',
        ConditionExpression: isLive,
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: { ':ended': why.state, ':live': 'live' },
      },
    },
    {
      Update: {
        TableName: table,
        Key: session.key(id),
        UpdateExpression: 'SET #state = :ended, ended_at = :at',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: { ':ended': 'ended', ':at': timestamp(nowMs) },
      },
    },
    writeRevocation(table, { person, session: id }, nowMs),
    fact,
  ]);
  return answer.held;
}

/** Marks what a shut gate has already killed, so that lists show it. */
export async function markEnded(table: string, one: Session, nowMs: number): Promise<void> {
  await update(table, session.key(one.id), {
    UpdateExpression: 'SET #state = :ended, ended_at = :at',
    ConditionExpression: isLive,
    ExpressionAttributeNames: { '#state': 'state' },
    ExpressionAttributeValues: { ':ended': 'ended', ':live': 'live', ':at': timestamp(nowMs) },
  });
}

/** Writes a gate whose epoch rose, shut or open: the new state, the log entry that polled surfaces follow, and the fact, together. False when the gate changed meanwhile. */
export async function endEpoch(
  table: string,
  before: Gate | undefined,
  after: Gate,
  told: { sessions: number; cause: string; reason: string },
  nowMs: number,
): Promise<boolean> {
  const { person, epoch, generation } = after;
  const answer = await transact([
    writeGate(table, before, after),
    writeRevocation(table, { person, epoch }, nowMs),
    publish(table, sessionCut, { person, epoch, generation, sessions: told.sessions, reason: told.reason, cause: told.cause }),
  ]);
  return answer.held;
}

/** One gate write alone. False when it changed meanwhile. */
export async function moveGate(table: string, before: Gate, after: Gate): Promise<boolean> {
  return (await transact([writeGate(table, before, after)])).held;
}

/** The entry lives as long as the tokens it kills. */
function writeRevocation(table: string, what: { person: string; epoch?: number; session?: string }, nowMs: number): Write {
  const [high = 0, low = 0] = fresh(2);
  // Below a millisecond the digits are drawn, so that two entries of one moment do not meet.
  const entry: Revocation = {
    seq: sequence(nowMs + ((high * 256 + low) % 1000) / 1000),
    ...what,
    at: timestamp(nowMs),
    expires_at: Math.floor(nowMs / 1000) + accessTokenSeconds + skewSeconds,
  };
  return { Put: { TableName: table, Item: { ...revocation.key(shardOf(what.person), entry.seq), ...entry }, ConditionExpression: isNew } };
}

function shardOf(person: string): number {
  let sum = 0;
  for (const character of person) sum += character.charCodeAt(0);
  return sum % revocationShards;
}
