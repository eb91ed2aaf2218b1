/**
 * Copies in S3 of what delivery needs while the tables are away; the layout is here and nowhere else.
 *   served/<per_>.json   the last settings served to a person, and the epoch of the token they were served to
 *   base.json            the base layer of the version in force
 *   trust.json           public keys, and the revocation list as it was last read
 * A dump reveals what policies allow and who was cut off; no token.
 */
import { getObject, putObject } from '@gatehouse/runtime/bucket';
import * as z from 'zod';
import type { ManagedSettings } from './settings.ts';
import { TrustCopy } from './trust-copy.ts';

const baseKey = 'base.json';
const trustKey = 'trust.json';
const servedKey = (person: string) => `served/${person}.json`;
const json = { contentType: 'application/json' };

const Settings = z.record(z.string(), z.unknown());
/** The row that `delivery-note.dynamodb.ts` writes. */
export const Served = z.object({ person: z.string(), epoch: z.int(), settings: z.string() });
type Served = z.infer<typeof Served>;

const ServedCopy = z.object({ epoch: z.int(), settings: Settings });

/** Undefined when there is none. Throws when S3 does not answer. */
export async function servedCopy(bucket: string, person: string): Promise<z.infer<typeof ServedCopy> | undefined> {
  return read(bucket, servedKey(person), ServedCopy);
}
export async function baseCopy(bucket: string): Promise<ManagedSettings | undefined> {
  return read(bucket, baseKey, Settings);
}
export async function readTrustCopy(bucket: string): Promise<TrustCopy | undefined> {
  return read(bucket, trustKey, TrustCopy);
}

export async function keepServed(bucket: string, { person, epoch, settings }: Served): Promise<void> {
  await putObject(bucket, servedKey(person), JSON.stringify({ epoch, settings: Settings.parse(JSON.parse(settings)) }), json);
}
export async function keepBase(bucket: string, settings: ManagedSettings): Promise<void> {
  await putObject(bucket, baseKey, JSON.stringify(settings), json);
}
export async function keepTrust(bucket: string, copy: TrustCopy): Promise<void> {
  await putObject(bucket, trustKey, JSON.stringify(copy), json);
}

async function read<S extends z.ZodType>(bucket: string, key: string, schema: S): Promise<z.infer<S> | undefined> {
  const found = await getObject(bucket, key);
  return found && schema.parse(JSON.parse(found.body.toString('utf8')));
}
