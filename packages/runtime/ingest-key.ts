/**
 * Admits exporters: by an access token like everybody, or by an ingest key, `igk_<26>.<43>`. The key's row, its owner's gate and record are read together, at most
 * every two seconds; a key is good while all three say so. Unreadable for 30 s: the state is unknown. Access fails closed.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { Gate, gate } from '@gatehouse/contracts/records/gate';
import { IngestKey, ingestKey } from '@gatehouse/contracts/records/ingest-key';
import { Person, person } from '@gatehouse/contracts/records/person';
import type { AdmissionRefusal } from '@gatehouse/contracts/refusal';
import type { Admission } from '@gatehouse/contracts/surface';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import { admit, type Caller, nobody } from './admit.ts';
import { getMany, type Item } from './table.ts';

const written = /^(igk_[0-9a-z]{26})\.([A-Za-z0-9_-]{43})$/;
const freshMs = 2_000;
const staleMs = 30_000;
/** Many more than a company has collectors. */
const mostKept = 1_000;

interface Known {
  readAt: number;
  rows: readonly (Item | undefined)[];
}
const kept = new Map<string, Known>();

/** For `polled:otlp`. @param nowMs milliseconds. */
export async function admitExporter(
  admission: Exclude<Admission, 'none'>,
  token: string | undefined,
  nowMs: number,
): Promise<Result<Caller, AdmissionRefusal>> {
  const [, id, secret] = written.exec(token ?? '') ?? [];
  if (id === undefined || secret === undefined || admission !== 'polled:otlp') return admit(admission, token, nowMs);
  const rows = await rowsOf(id, nowMs);
  if (!rows) return refuse({ reason: 'state_unknown', detail: 'the ingest key cannot be read' });
  const key = IngestKey.safeParse(rows[0]);
  if (!key.success) return refuse({ reason: 'unknown_key', kid: id });
  return judge(key.data, rows, secret, nowMs);
}

function judge(key: IngestKey, [, gateRow, personRow]: Known['rows'], secret: string, nowMs: number): Result<Caller, AdmissionRefusal> {
  const { owner } = key;
  if (!timingSafeEqual(Buffer.from(hashOf(secret), 'hex'), Buffer.from(key.hash, 'hex'))) return refuse({ reason: 'bad_signature' });
  if (nowMs >= Date.parse(key.ends_at)) return refuse({ reason: 'expired', exp: Date.parse(key.ends_at) / 1000, now: nowMs / 1000 });
  // Somebody who never signed in has no gate; their record has to speak for them.
  const door = Gate.safeParse(gateRow);
  const owning = Person.safeParse(personRow);
  if (!owning.success || owning.data.status !== 'active')
    return refuse({ reason: 'gate_shut', person: owner, because: owning.success ? owning.data.status : 'no record' });
  if (owning.data.generation !== key.generation)
    return refuse({ reason: 'stale_epoch', person: owner, epoch: key.generation, current: owning.data.generation });
  if (door.success && door.data.state === 'shut')
    return refuse({ reason: 'gate_shut', person: owner, because: door.data.reason ?? 'shut' });
  if (door.success && door.data.epoch > key.epoch)
    return refuse({ reason: 'stale_epoch', person: owner, epoch: key.epoch, current: door.data.epoch });
  return ok({ ...nobody, person: owner, scopes: ['otlp'], client: 'ingest_key', relays: key.may_name_persons });
}

/** Undefined while nobody knows. */
async function rowsOf(id: string, nowMs: number): Promise<Known['rows'] | undefined> {
  const known = kept.get(id);
  if (known && nowMs - known.readAt < freshMs) return known.rows;
  try {
    const rows = await read(id, IngestKey.safeParse(known?.rows[0]).data?.owner);
    if (kept.size >= mostKept) kept.clear();
    kept.set(id, { readAt: nowMs, rows });
    return rows;
  } catch (error) {
    if (!(error instanceof Error) || (error.name !== 'Unavailable' && error.name !== 'Throttled')) throw error;
    return known && nowMs - known.readAt < staleMs ? known.rows : undefined;
  }
}

/** One call where the owner is known already, two at first. */
async function read(id: string, owner: string | undefined): Promise<(Item | undefined)[]> {
  const usage = process.env.TABLE_USAGE ?? '';
  const ofOwner = (who: string) => [
    { table: process.env.TABLE_ACCESS ?? '', key: gate.key(who) },
    { table: process.env.TABLE_PEOPLE ?? '', key: person.key(who) },
  ];
  if (owner !== undefined) return getMany([{ table: usage, key: ingestKey.key(id) }, ...ofOwner(owner)]);
  const [row] = await getMany([{ table: usage, key: ingestKey.key(id) }]);
  const key = IngestKey.safeParse(row);
  return key.success ? [row, ...(await getMany(ofOwner(key.data.owner)))] : [row];
}

/** As the row keeps it. @param secret the part after the dot: 256 random bits, which need no slow hash. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
