/**
 * Device logins in the table, by hashes alone. A code is claimed, approved and redeemed by conditional writes: of two browsers with one code, or two
 * polls after one approval, one gets through.
 */
import { get, transact, update, type Write } from '@gatehouse/runtime/table';
import { Device, deviceKey, digest, Login, loginKey, rateKey, UserCode, userCodeKey } from './rows.ts';

const lingerSeconds = 3_600;

/** TTL: an hour after the end. */
export function lingering(endsAtMs: number): number {
  return Math.floor(endsAtMs / 1000) + lingerSeconds;
}

/** False when the user code is taken: draw another. */
export async function createDevice(table: string, device: Device): Promise<boolean> {
  const isNew = { ConditionExpression: 'attribute_not_exists(pk)' };
  const answer = await transact([
    { Put: { TableName: table, Item: { ...deviceKey(device.hash), ...device }, ...isNew } },
    {
      Put: {
        TableName: table,
        Item: { ...userCodeKey(device.user_code_hash), device: device.hash, expires_at: device.expires_at },
        ...isNew,
      },
    },
  ]);
  return answer.held;
}

export async function deviceByCode(table: string, deviceCode: string): Promise<Device | undefined> {
  return readDevice(table, digest(deviceCode));
}

export async function readDevice(table: string, hash: string): Promise<Device | undefined> {
  const row = await get(table, deviceKey(hash));
  return row && Device.parse(row);
}

/** Counts the entering of a user code and answers its device; undefined for a code that nobody was given. */
export async function enterUserCode(table: string, code: string): Promise<Device | undefined> {
  const row = UserCode.safeParse(await get(table, userCodeKey(digest(code))));
  if (!row.success) return undefined;
  const counted = await update(table, deviceKey(row.data.device), {
    UpdateExpression: 'SET tries = tries + :one',
    ConditionExpression: 'attribute_exists(pk)',
    ExpressionAttributeValues: { ':one': 1 },
  });
  return counted.held ? Device.parse(counted.item) : undefined;
}

export async function notePoll(table: string, hash: string, interval: number, nowMs: number): Promise<void> {
  await update(table, deviceKey(hash), {
    UpdateExpression: 'SET polled_at = :now, #interval = :interval',
    ConditionExpression: 'attribute_exists(pk)',
    ExpressionAttributeNames: { '#interval': 'interval' },
    ExpressionAttributeValues: { ':now': nowMs, ':interval': interval },
  });
}

/** For the sign-in's own transaction: the code gives one session, once. */
export function redeem(table: string, hash: string, session: string): Write {
  return {
    Update: {
      TableName: table,
      Key: deviceKey(hash),
      UpdateExpression: 'SET #state = :redeemed, #session = :session',
      ConditionExpression: '#state = :approved',
      ExpressionAttributeNames: { '#state': 'state', '#session': 'session' },
      ExpressionAttributeValues: { ':redeemed': 'redeemed', ':approved': 'approved', ':session': session },
    },
  };
}

/** @param secret the browser's, hashed here. */
export async function createLogin(table: string, secret: string, login: Login): Promise<void> {
  await transact([
    { Put: { TableName: table, Item: { ...loginKey(digest(secret)), ...login }, ConditionExpression: 'attribute_not_exists(pk)' } },
  ]);
}

/** One step of a browser's way, once: undefined when it is not at `from`, or has ended. */
export async function moveLogin(
  table: string,
  secret: string,
  from: Login['stage'],
  to: { stage: 'returned' } | { stage: 'known'; person: string; auth_time: number },
  nowMs: number,
): Promise<Login | undefined> {
  const known = to.stage === 'known';
  const moved = await update(table, loginKey(digest(secret)), {
    UpdateExpression: `SET stage = :to${known ? ', person = :person, auth_time = :auth_time' : ''}`,
    ConditionExpression: 'stage = :from AND ends_at > :now',
    ExpressionAttributeValues: {
      ':to': to.stage,
      ':from': from,
      ':now': nowMs,
      ...(known && { ':person': to.person, ':auth_time': to.auth_time }),
    },
  });
  return moved.held ? Login.parse(moved.item) : undefined;
}

export async function readLogin(table: string, secret: string, nowMs: number): Promise<Login | undefined> {
  const row = Login.safeParse(await get(table, loginKey(digest(secret))));
  return row.success && row.data.ends_at > nowMs ? row.data : undefined;
}

/** The person's decision, once: closes the browser's way and the device's wait together. False when either has moved on. */
export async function decide(
  table: string,
  secret: string,
  login: Login,
  decision: 'approved' | 'denied',
  nowMs: number,
): Promise<boolean> {
  const answer = await transact([
    {
      Update: {
        TableName: table,
        Key: loginKey(digest(secret)),
        UpdateExpression: 'SET stage = :done',
        ConditionExpression: 'stage = :known AND ends_at > :now',
        ExpressionAttributeValues: { ':done': 'done', ':known': 'known', ':now': nowMs },
      },
    },
    {
      Update: {
        TableName: table,
        Key: deviceKey(login.device),
        UpdateExpression: 'SET #state = :decision, person = :person, auth_time = :auth_time',
        ConditionExpression: '#state = :pending AND ends_at > :now',
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: {
          ':decision': decision,
          ':pending': 'pending',
          ':now': nowMs,
          ':person': login.person ?? '',
          ':auth_time': login.auth_time ?? 0,
        },
      },
    },
  ]);
  return answer.held;
}

/** Refuses a device for good, e.g. when nobody whom the policy admits signed in for it. */
export async function denyDevice(table: string, hash: string): Promise<void> {
  await update(table, deviceKey(hash), {
    UpdateExpression: 'SET #state = :denied',
    ConditionExpression: '#state = :pending',
    ExpressionAttributeNames: { '#state': 'state' },
    ExpressionAttributeValues: { ':denied': 'denied', ':pending': 'pending' },
  });
}

export interface Limit {
  attempts: number;
  seconds: number;
}

/** Whether a source has used up its window; a burst may overshoot by what runs at the same moment. */
export async function rateUsedUp(table: string, what: string, source: string, limit: Limit, nowMs: number): Promise<boolean> {
  const row = await get(table, rateKey(what, source, Math.floor(nowMs / 1000 / limit.seconds)));
  return typeof row?.attempts === 'number' && row.attempts >= limit.attempts;
}

/** Counts one attempt; false when the source has used up the window. */
export async function withinRate(table: string, what: string, source: string, limit: Limit, nowMs: number): Promise<boolean> {
  const window = Math.floor(nowMs / 1000 / limit.seconds);
  const counted = await update(table, rateKey(what, source, window), {
    UpdateExpression: 'ADD attempts :one SET expires_at = :expires',
    ConditionExpression: 'attribute_not_exists(attempts) OR attempts < :limit',
    ExpressionAttributeValues: { ':one': 1, ':limit': limit.attempts, ':expires': (window + 2) * limit.seconds },
  });
  return counted.held;
}
