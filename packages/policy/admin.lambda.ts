/** `/admin/policies`: the document's life. Reads, publishes under an optimistic lock, compares and rolls back. Resolves for nobody's call. */
import { ok, refuse } from '@gatehouse/core/result';
import type { PolicyDocument } from '@gatehouse/rules/document';
import { parseDocument } from '@gatehouse/rules/problems';
import { resolve } from '@gatehouse/rules/resolve';
import { type Caller, subjectOf } from '@gatehouse/runtime/admit';
import { timestamp } from '@gatehouse/runtime/clock';
import { http } from '@gatehouse/runtime/http';
import { apiWire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { digest } from './canonical.ts';
import { compare, documentDifference, knownGroups, memberOf } from './difference.ts';
import { readDraft, readIfMatch } from './draft.ts';
import { importEnvironment, importGateway } from './import.ts';
import { documentSchema } from './schema.ts';
import { documentAt, listVersions, publishVersion, readHead, readVersion } from './store.dynamodb.ts';
import { surface } from './surface.ts';
import { type Outcome, parse, told } from './told.http.ts';

export const env = z.object({ TABLE_ACCESS: z.string().min(1), TABLE_POLICY: z.string().min(1) });
type Env = z.infer<typeof env>;

const Reason = z.string().trim().min(1).max(500);
const Versions = z.strictObject({ from: z.int().positive(), to: z.int().positive() });
const Rollback = z.strictObject({ version: z.int().positive(), reason: Reason, give_up_administration: z.boolean().optional() });
const Import = z.union([
  z.strictObject({ gateway: z.record(z.string(), z.unknown()) }),
  z.strictObject({ environment: z.record(z.string(), z.string()) }),
]);
const versionsAPage = 50;

export const handler = http(
  { surface, env, wire: apiWire },
  {
    read: told<Env>(async (_request, { env }) => read(env, (await readHead(env.TABLE_POLICY)).version)),

    replace: told<Env>(async (request, { env, caller, now }) => {
      const draft = readDraft(request.body);
      if (!draft.ok) return draft;
      const from = readIfMatch(request.header('if-match'));
      if (!from.ok) return from;
      const reason = Reason.safeParse(draft.value.rest.reason ?? request.query.get('reason') ?? 'no reason given');
      if (!reason.success) return refuse({ reason: 'malformed', detail: '"reason" is a text of at most 500 characters.' });
      const giveUp = draft.value.rest.give_up_administration === true;
      return publish(env, { caller, now, document: draft.value.document, reason: reason.data, from: from.value, giveUp });
    }),

    rollback: told<Env>(async (request, { env, caller, now }) => {
      const body = parse(Rollback, request);
      if (!body.ok) return body;
      const row = await readVersion(env.TABLE_POLICY, body.value.version);
      if (!row) return refuse({ reason: 'no_version', version: String(body.value.version) });
      // An old document may no longer be valid: it is checked like a new one.
      const parsed = parseDocument(JSON.parse(row.document));
      if (!parsed.ok) return parsed;
      const header = request.header('if-match');
      const from = header === undefined ? ok('any' as const) : readIfMatch(header);
      if (!from.ok) return from;
      const giveUp = body.value.give_up_administration === true;
      return publish(env, { caller, now, document: parsed.value, reason: body.value.reason, from: from.value, giveUp });
    }),

    versions: told<Env>(async (request, { env }) => {
      const before = Number(request.query.get('next') ?? Number.NaN);
      const page = await listVersions(env.TABLE_POLICY, { limit: versionsAPage, ...(Number.isInteger(before) && { before }) });
      return ok({ status: 200, body: { versions: page.versions, next: page.next === undefined ? null : String(page.next) } });
    }),

    version: told<Env>(async (request, { env }) => {
      const asked = request.pathParameters.version ?? '';
      return /^\d{1,6}$/.test(asked) ? read(env, Number(asked)) : refuse({ reason: 'no_version', version: asked });
    }),

    schema: told<Env>(async () => ok({ status: 200, headers: { 'content-type': 'application/schema+json' }, body: documentSchema() })),

    import: told<Env>(async (request) => {
      const body = parse(Import, request);
      if (!body.ok) return body;
      const imported = 'gateway' in body.value ? importGateway(body.value.gateway) : importEnvironment(body.value.environment);
      return ok({ status: 200, body: { ...imported } });
    }),

    diff: told<Env>(async (request, { env }) => {
      const versions = parse(Versions, request);
      if (versions.ok) return diffVersions(env, versions.value);
      const draft = readDraft(request.body);
      if (!draft.ok) return draft;
      const { version } = await readHead(env.TABLE_POLICY);
      return ok({
        status: 200,
        body: { from: version, to: null, ...between(await documentAt(env.TABLE_POLICY, version), draft.value.document) },
      });
    }),
  },
);

async function read(env: Env, version: number): Promise<Outcome> {
  const row = await readVersion(env.TABLE_POLICY, version);
  if (!row) return refuse({ reason: 'no_version', version: String(version) });
  return ok({
    status: 200,
    headers: { etag: `"${version}"`, 'cache-control': 'no-cache' },
    body: { ...row, document: JSON.parse(row.document) },
  });
}

interface Wish {
  caller: Caller;
  now: number;
  document: PolicyDocument;
  reason: string;
  from: number | 'any';
  giveUp: boolean;
}

async function publish(env: Env, { caller, now, document, reason, from, giveUp }: Wish): Promise<Outcome> {
  const head = await readHead(env.TABLE_POLICY);
  if (from !== 'any' && from !== head.version) return refuse({ reason: 'stale', version: head.version });
  const answer = (version: number, published_at: string, unchanged: boolean): Outcome =>
    ok({ status: 200, headers: { etag: `"${version}"` }, body: { version, digest: digest(document), published_at, unchanged } });
  if (head.digest === digest(document)) return answer(head.version, head.published_at, true);
  if (!giveUp && !resolve(document, subjectOf(caller)).administers) return refuse({ reason: 'gives_up_administration' });
  const done = await publishVersion(env.TABLE_POLICY, {
    document,
    author: caller.person,
    reason,
    ifVersion: head.version,
    at: timestamp(now),
  });
  return done.ok ? answer(done.value.version, done.value.published_at, false) : done;
}

async function diffVersions(env: Env, { from, to }: z.infer<typeof Versions>): Promise<Outcome> {
  const [before, after] = [await documentAt(env.TABLE_POLICY, from), await documentAt(env.TABLE_POLICY, to)];
  if (!before) return refuse({ reason: 'no_version', version: String(from) });
  if (!after) return refuse({ reason: 'no_version', version: String(to) });
  return ok({ status: 200, body: { from, to, ...between(before, after) } });
}

function between(before: PolicyDocument | undefined, after: PolicyDocument) {
  const groups = knownGroups(before, after).map((group) => ({ group, ...compare(before, after, memberOf(group)) }));
  return {
    document: documentDifference(before, after),
    groups: groups.filter(({ gains, loses, changes }) => gains.length + loses.length + changes.length > 0),
  };
}
