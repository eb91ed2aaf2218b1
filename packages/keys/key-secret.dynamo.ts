/**
 * The keys that Gatehouse made, as their record says (contracts/records/virtual-key-secret). A key is chosen and sealed here before LiteLLM hears of
 * it, so that a lost answer loses no key: the same one is asked for again.
 */
import { createHash, randomBytes } from 'node:crypto';
import { contextOf, VirtualKeySecret, virtualKeySecret } from '@gatehouse/contracts/records/virtual-key-secret';
import { timestamp } from '@gatehouse/runtime/clock';
import { opened, sealed } from '@gatehouse/runtime/envelope';
import { get, put, query, remove } from '@gatehouse/runtime/table';

export interface Place {
  table: string;
  keyArn: string;
  person: string;
  alias: string;
}

export async function readSecret({
  table,
  person,
  alias,
}: Pick<Place, 'table' | 'person' | 'alias'>): Promise<VirtualKeySecret | undefined> {
  const row = await get(table, virtualKeySecret.key(person, alias));
  return row && VirtualKeySecret.parse(row);
}

/** The key itself, for the one call that takes it. */
export function openSecret({ keyArn, person, alias }: Place, { envelope }: VirtualKeySecret): Promise<string> {
  return opened(keyArn, envelope, contextOf(person, alias));
}

/** Chooses a key and keeps it sealed. LiteLLM wants keys to begin with `sk-`. */
export async function chooseSecret(
  place: Place,
  { case_id, made_user }: Pick<VirtualKeySecret, 'case_id' | 'made_user'>,
): Promise<VirtualKeySecret> {
  const { table, keyArn, person, alias } = place;
  const key = `sk-${randomBytes(32).toString('base64url')}`;
  const row: VirtualKeySecret = {
    alias,
    token: createHash('sha256').update(key).digest('hex'),
    envelope: await sealed(keyArn, key, contextOf(person, alias)),
    made_user,
    case_id,
    made_at: timestamp(),
  };
  await put(table, { ...virtualKeySecret.key(person, alias), ...row });
  return row;
}

export async function forgetSecret({ table, person, alias }: Pick<Place, 'table' | 'person' | 'alias'>): Promise<void> {
  await remove(table, virtualKeySecret.key(person, alias));
}

/** Once the keys themselves are deleted. */
export async function forgetSecrets(table: string, person: string): Promise<void> {
  const rows = await query(table, virtualKeySecret.key(person, '').pk);
  for (const row of rows) await remove(table, virtualKeySecret.key(person, VirtualKeySecret.parse(row).alias));
}
