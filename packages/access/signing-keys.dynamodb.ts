/**
 * The published keys in the table, and the signer that is in turn. Every change of state is conditional on the state before it: two rotations at once
 * make the same changes once. Race: two cold environments of a fresh deployment publish the same first key; the second finds it there.
 */
import { signingKey } from '@gatehouse/contracts/records/signing-key';
import { timestamp } from '@gatehouse/runtime/clock';
import { Unavailable } from '@gatehouse/runtime/fault';
import { log } from '@gatehouse/runtime/log';
import { putNew, query, transact, type Write } from '@gatehouse/runtime/table';
import * as z from 'zod';
import { currentOf, KeyRow, signerKeepsSeconds } from './key-ring.ts';
import { type KmsSigner, kmsSigner } from './signer.kms.ts';

/** The ring's variables, for the schema of each entry that signs. */
export const ringEnv = { KEY_SIGNING_A_ARN: z.string(), KEY_SIGNING_B_ARN: z.string(), KEY_SIGNING_C_ARN: z.string() };
type Ring = { TABLE_ACCESS: string } & Record<keyof typeof ringEnv, string>;

export function ringOf({ KEY_SIGNING_A_ARN, KEY_SIGNING_B_ARN, KEY_SIGNING_C_ARN }: Ring): readonly string[] {
  return [KEY_SIGNING_A_ARN, KEY_SIGNING_B_ARN, KEY_SIGNING_C_ARN];
}

export async function readKeys(table: string): Promise<KeyRow[]> {
  return (await query(table, signingKey.key('').pk)).map((row) => KeyRow.parse(row));
}

const turns = new Map<string, { keyArn: string; readAt: number }>();

/** Signs with the current key; asks again which that is after a minute, whatever happens. */
export async function currentSigner(env: Ring, nowMs: number): Promise<KmsSigner> {
  const known = turns.get(env.TABLE_ACCESS);
  if (known && nowMs - known.readAt < signerKeepsSeconds * 1000) return kmsSigner(known.keyArn);
  const keyArn = currentOf(await readKeys(env.TABLE_ACCESS), ringOf(env))?.key_arn ?? (await publishFirst(env, nowMs));
  turns.set(env.TABLE_ACCESS, { keyArn, readAt: nowMs });
  return kmsSigner(keyArn);
}

/** Of a fresh deployment, or of one whose signing key was replaced: nobody can have a key set that misses it and a token that needs it. */
async function publishFirst(env: Ring, nowMs: number): Promise<string> {
  const [first = ''] = ringOf(env);
  const signer = await kmsSigner(first);
  const gone = (await readKeys(env.TABLE_ACCESS)).find(({ state }) => state === 'current');
  if (!gone) {
    await putNew(env.TABLE_ACCESS, itemOf(signer, 'current', nowMs));
  } else {
    log.warn('the signing key is not of this deployment any more: the first of the ring signs', { former: gone.kid, kid: signer.kid });
    const put: Write = { Put: { TableName: env.TABLE_ACCESS, Item: itemOf(signer, 'current', nowMs) } };
    // The same key by another ARN stays what it is.
    const former = gone.kid === signer.kid ? [] : [move(env.TABLE_ACCESS, gone.kid, 'current', 'previous', nowMs)];
    await transact([...former, put]);
  }
  const current = currentOf(await readKeys(env.TABLE_ACCESS), ringOf(env));
  if (!current) throw new Unavailable('The first signing key is being published by another environment');
  return current.key_arn;
}

/** Answers the row as it is: published now, or by a rotation that came before. */
export async function publishNext(table: string, signer: KmsSigner, nowMs: number): Promise<KeyRow | undefined> {
  await putNew(table, itemOf(signer, 'next', nowMs));
  return (await readKeys(table)).find(({ kid }) => kid === signer.kid);
}

/** The next key signs and the current one does so no more, at one moment. False when either is not what it was. */
export async function activate(table: string, next: KeyRow, current: KeyRow, nowMs: number): Promise<boolean> {
  const answer = await transact([move(table, current.kid, 'current', 'previous', nowMs), move(table, next.kid, 'next', 'current', nowMs)]);
  return answer.held;
}

/** False when somebody else withdrew it first. */
export async function withdraw(table: string, { kid }: KeyRow): Promise<boolean> {
  const answer = await transact([
    {
      Delete: {
        TableName: table,
        Key: signingKey.key(kid),
        ConditionExpression: isIn,
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: { ':from': 'previous' },
      },
    },
  ]);
  return answer.held;
}

const isIn = '#state = :from';
const names = { '#state': 'state' };

function move(table: string, kid: string, from: KeyRow['state'], to: KeyRow['state'], nowMs: number): Write {
  return {
    Update: {
      TableName: table,
      Key: signingKey.key(kid),
      UpdateExpression: 'SET #state = :to, changed_at = :at',
      ConditionExpression: isIn,
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: { ':from': from, ':to': to, ':at': timestamp(nowMs) },
    },
  };
}

function itemOf({ kid, jwk, keyArn }: KmsSigner, state: KeyRow['state'], nowMs: number) {
  const at = timestamp(nowMs);
  return { ...signingKey.key(kid), ...KeyRow.parse({ kid, state, jwk, key_arn: keyArn, created_at: at, changed_at: at }) };
}
