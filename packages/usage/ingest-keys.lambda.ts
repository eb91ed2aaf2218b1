/** `POST,GET /admin/ingest-keys`, `DELETE /admin/ingest-keys/{id}`: keys for exporters that cannot refresh a token. A secret is shown once and kept nowhere. */
import { Gate, gate } from '@gatehouse/contracts/records/gate';
import { IngestKey, ingestKey, ingestKeysPk } from '@gatehouse/contracts/records/ingest-key';
import { fresh, freshId, timestamp } from '@gatehouse/runtime/clock';
import { findPerson, type LookupRefusal } from '@gatehouse/runtime/find-person';
import { http, type Reply, type Request } from '@gatehouse/runtime/http';
import { hashOf } from '@gatehouse/runtime/ingest-key';
import { log } from '@gatehouse/runtime/log';
import { get, putNew, query, remove } from '@gatehouse/runtime/table';
import { apiError, apiWire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { surface } from './surface.ts';

export const env = z.object({
  TABLE_USAGE: z.string().min(1),
  TABLE_ACCESS: z.string().min(1),
  TABLE_POLICY: z.string().min(1),
  TABLE_PEOPLE: z.string().min(1),
});

const longestDays = 366;
const Wish = z.strictObject({
  /** A person's id or address. */
  owner: z.string().min(1).max(254),
  may_name_persons: z.boolean().default(false),
  expires_at: z.iso.datetime({ offset: true }),
});

export const handler = http(
  { surface, env, wire: apiWire },
  {
    'new-ingest-key': async (request, { env, caller, now }) => {
      const json = request.json();
      const wish = Wish.safeParse(json.ok ? json.value : undefined);
      if (!wish.success) return wrong(request, 400, z.prettifyError(wish.error));
      const endsMs = Date.parse(wish.data.expires_at);
      if (endsMs <= now || endsMs > now + longestDays * 86_400_000)
        return wrong(request, 400, `expires_at is to come, and within ${longestDays} days`);
      const owner = await findPerson(env.TABLE_PEOPLE, wish.data.owner);
      if (!owner.ok) return unknownOwner(request, owner.refusal);
      if (owner.value.status !== 'active') return wrong(request, 409, `${owner.value.id} is ${owner.value.status}: an owner is active`);
      const door = Gate.safeParse(await get(env.TABLE_ACCESS, gate.key(owner.value.id)));
      if (door.success && door.data.state === 'shut') return wrong(request, 409, `The gate of ${owner.value.id} is shut`);
      const secret = Buffer.from(fresh(32)).toString('base64url');
      const key: IngestKey = {
        id: freshId('igk'),
        owner: owner.value.id,
        // The first gate of a person has the epoch 1.
        epoch: door.success ? door.data.epoch : 1,
        generation: owner.value.generation,
        hash: hashOf(secret),
        may_name_persons: wish.data.may_name_persons,
        ends_at: timestamp(endsMs),
        created_at: timestamp(now),
        created_by: caller.person,
        expires_at: Math.floor(endsMs / 1000) + 86_400,
      };
      await putNew(env.TABLE_USAGE, { ...ingestKey.key(key.id), ...key, gsi1pk: ingestKeysPk, gsi1sk: key.id });
      log.info('ingest key made', { key: key.id, owner: key.owner, by: caller.person });
      return { status: 201, headers: { 'cache-control': 'no-store' }, body: { ...shown(key), secret: `${key.id}.${secret}` } };
    },

    'ingest-keys': async (_request, { env }) => {
      const rows = await query(env.TABLE_USAGE, ingestKeysPk, { index: 'gsi1' });
      return { status: 200, body: { ingest_keys: rows.map((row) => shown(IngestKey.parse(row))) } };
    },

    'end-ingest-key': async (request, { env, caller }) => {
      const id = request.pathParameters.id ?? '';
      if (!(await get(env.TABLE_USAGE, ingestKey.key(id)))) return wrong(request, 404, 'There is no such ingest key');
      await remove(env.TABLE_USAGE, ingestKey.key(id));
      log.info('ingest key ended', { key: id, by: caller.person });
      return { status: 204 };
    },
  },
);

function shown({ id, owner, may_name_persons, ends_at, created_at, created_by }: IngestKey) {
  return { id, owner, may_name_persons, expires_at: ends_at, created_at, created_by };
}

function unknownOwner(request: Request, refusal: LookupRefusal): Reply {
  if (refusal.reason === 'unknown') return wrong(request, 404, 'Nobody with this id or address is known');
  return wrong(request, 409, `Several people carry this address: ${refusal.people.join(', ')}`);
}

function wrong(request: Request, status: number, message: string): Reply {
  const type = status === 404 ? 'not_found_error' : 'invalid_request_error';
  return apiError(status, type, message, request.requestId);
}
