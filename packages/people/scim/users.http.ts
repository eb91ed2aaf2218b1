/** SCIM users over HTTP: reads, and writes that are answered once they are durable. What a write means for anybody is settled from the table's feed. */
import { fresh, timestamp } from '@gatehouse/runtime/clock';
import { Throttled } from '@gatehouse/runtime/fault';
import type { Reply, Request } from '@gatehouse/runtime/http';
import { answer, listed, refused } from './answer.wire.ts';
import { demandOf, matches } from './filter.ts';
import { groupsWith, readGroup } from './groups.dynamo.ts';
import { project, queryOf, readWanted } from './page.ts';
import { applyOperations, readOperations } from './patch.ts';
import type { ScimRefusal } from './refusal.ts';
import type { UserRow } from './rows.ts';
import { type Model, modelOf } from './schema.ts';
import { checkBody, type Json, shapeResource } from './shape.ts';
import { deleteUser, everyUser, readUser, userByName, usersByExternalId, writeUser } from './users.dynamo.ts';

export interface Place {
  table: string;
  /** `https://<gateway>/scim/v2` */
  base: string;
  now: number;
}

const maxRaces = 6;

export async function listUsers(place: Place, query: URLSearchParams): Promise<Reply> {
  const { vocabulary } = await modelOf('Users');
  const wanted = readWanted(query, vocabulary);
  if (!wanted.ok) return refused(wanted.refusal);
  const { filter, startIndex, count } = wanted.value;
  const named = filter && (await namedUsers(place.table, filter));
  const shown: Json[] = [];
  let total = 0;
  for await (const row of named ?? everyUser(place.table)) {
    const resource = filter && show(row, place.base);
    if (filter && resource && !matches(filter, resource, vocabulary)) continue;
    total++;
    if (total >= startIndex && shown.length < count) shown.push(project(resource ?? show(row, place.base), query, vocabulary));
  }
  return listed(shown, total, startIndex);
}

export async function searchUsers(place: Place, request: Request): Promise<Reply> {
  const body = bodyOf(request);
  return body.ok ? listUsers(place, queryOf(body.value)) : refused(body.refusal);
}

/** Where the filter can only be met by somebody known by name or id, nobody else is read. */
async function namedUsers(table: string, filter: Parameters<typeof demandOf>[0]): Promise<UserRow[] | undefined> {
  const id = demandOf(filter, 'id');
  if (id !== undefined) return [await readUser(table, id)].filter((row) => row !== undefined);
  const userName = demandOf(filter, 'userName');
  if (userName !== undefined) return [await userByName(table, userName)].filter((row) => row !== undefined);
  const externalId = demandOf(filter, 'externalId');
  return externalId === undefined ? undefined : usersByExternalId(table, externalId);
}

export async function getUser(place: Place, id: string, request: Request): Promise<Reply> {
  const row = await readUser(place.table, id);
  if (!row) return refused(noUser(id));
  if (isUnchanged(request, row)) return { status: 304, headers: { etag: etagOf(row) } };
  const { vocabulary } = await modelOf('Users');
  const groups = await groupsOf(place, id);
  const resource = { ...show(row, place.base), ...(groups.length > 0 && { groups }) };
  return answer(200, project(resource, request.query, vocabulary), { etag: etagOf(row) });
}

export async function createUser(place: Place, request: Request): Promise<Reply> {
  const body = bodyOf(request);
  if (!body.ok) return refused(body.refusal);
  const model = await modelOf('Users');
  const checked = model.check(shapeResource(body.value, model.vocabulary));
  if (!checked.ok) return refused(checked.refusal);
  const at = timestamp(place.now);
  const row = rowOf(newId('u', place.now), checked.value, { version: 1, created: at, modified: at });
  if ((await writeUser(place.table, row)) !== 'done') return refused(taken(row.user_name));
  return answer(201, show(row, place.base), { etag: etagOf(row), location: locationOf(row, place.base) });
}

/** Attributes that a PUT leaves out keep their value: Okta sends those that it knows, and `active` must not come back by silence (RFC 7644 section 3.5.1 allows either). */
export async function replaceUser(place: Place, id: string, request: Request): Promise<Reply> {
  const body = bodyOf(request);
  if (!body.ok) return refused(body.refusal);
  const written = body.value;
  return changeUser(place, id, request, (before, model) => {
    // What is required is not carried over: a PUT says it.
    const { userName: _, ...kept } = before;
    return model.check({ ...kept, ...shapeResource(written, model.vocabulary) });
  });
}

export async function patchUser(place: Place, id: string, request: Request): Promise<Reply> {
  const body = bodyOf(request);
  if (!body.ok) return refused(body.refusal);
  const { vocabulary } = await modelOf('Users');
  const operations = readOperations(body.value, vocabulary);
  if (!operations.ok) return refused(operations.refusal);
  const reply = await changeUser(place, id, request, (before, model) => {
    const applied = applyOperations(before, operations.value, vocabulary);
    return applied.ok ? model.check(applied.value) : applied;
  });
  // 204 unless attributes are asked for (RFC 7644 section 3.5.2).
  return reply.status === 200 && !request.query.has('attributes') ? { status: 204, headers: { etag: reply.headers?.etag ?? '' } } : reply;
}

type Change = (before: Json, model: Model) => ReturnType<Model['check']>;

async function changeUser(place: Place, id: string, request: Request, change: Change): Promise<Reply> {
  const model = await modelOf('Users');
  for (let race = 1; race <= maxRaces; race++) {
    const before = await readUser(place.table, id);
    if (!before) return refused(noUser(id));
    if (isStale(request, before)) return refused(stale(before.version));
    const changed = change(JSON.parse(before.resource) as Json, model);
    if (!changed.ok) return refused(changed.refusal);
    const next = rowOf(id, changed.value, { version: before.version + 1, created: before.created, modified: timestamp(place.now) });
    const same = next.resource === before.resource;
    const written = same ? 'done' : await writeUser(place.table, next, before);
    const row = same ? before : next;
    if (written === 'done') return answer(200, project(show(row, place.base), request.query, model.vocabulary), { etag: etagOf(row) });
    if (written === 'name_taken' && (await userByName(place.table, next.user_name))?.sk !== id) return refused(taken(next.user_name));
  }
  throw new Throttled(`One user was written by others ${maxRaces} times in a row`);
}

export async function removeUser(place: Place, id: string, request: Request): Promise<Reply> {
  for (let race = 1; race <= maxRaces; race++) {
    const before = await readUser(place.table, id);
    if (!before) return refused(noUser(id));
    if (isStale(request, before)) return refused(stale(before.version));
    if ((await deleteUser(place.table, before)) === 'done') return { status: 204 };
  }
  throw new Throttled(`One user was written by others ${maxRaces} times in a row`);
}

function rowOf(id: string, resource: Json, { version, created, modified }: Pick<UserRow, 'version' | 'created' | 'modified'>): UserRow {
  const { id: _, meta: __, groups: ___, ...kept } = resource;
  const externalId = typeof kept.externalId === 'string' && kept.externalId !== '' ? kept.externalId : undefined;
  return {
    sk: id,
    user_name: String(kept.userName),
    resource: JSON.stringify(kept),
    version,
    created,
    modified,
    ...(externalId !== undefined && { external_id: externalId }),
  };
}

function show(row: UserRow, base: string): Json {
  const { schemas, ...resource } = JSON.parse(row.resource) as Json;
  const meta = {
    resourceType: 'User',
    created: row.created,
    lastModified: row.modified,
    location: locationOf(row, base),
    version: etagOf(row),
  };
  return { schemas, id: row.sk, ...resource, meta };
}

async function groupsOf({ table, base }: Place, id: string): Promise<Json[]> {
  const groups = await Promise.all((await groupsWith(table, id)).slice(0, 100).map((group) => readGroup(table, group)));
  return groups
    .filter((group) => group !== undefined)
    .map(({ sk, display_name }) => ({ value: sk, display: display_name, $ref: `${base}/Groups/${sk}`, type: 'direct' }));
}

function locationOf({ sk }: UserRow, base: string): string {
  return `${base}/Users/${sk}`;
}

function noUser(id: string): ScimRefusal {
  return { status: 404, detail: `There is no user ${JSON.stringify(id.slice(0, 80))}` };
}

function taken(name: string): ScimRefusal {
  return { status: 409, scimType: 'uniqueness', detail: `The userName ${JSON.stringify(name.slice(0, 80))} is taken` };
}

/** Rising with time, so that a page once read does not shift while others are added. The first letter says what it is. */
export function newId(kind: 'u' | 'g', now: number): string {
  return kind + Math.trunc(now).toString(16).padStart(12, '0') + Buffer.from(fresh(10)).toString('hex');
}

export function bodyOf(request: Request): ReturnType<typeof checkBody> {
  const json = request.json();
  return checkBody(json.ok ? json.value : undefined);
}

export function etagOf({ version }: { version: number }): string {
  return `W/"${version}"`;
}

/** RFC 7644 section 3.14; weak tags compare by what they say. */
export function isStale(request: Request, row: { version: number }): boolean {
  const wanted = request.header('if-match');
  return wanted !== undefined && !tagsIn(wanted).includes(String(row.version)) && wanted.trim() !== '*';
}

export function isUnchanged(request: Request, row: { version: number }): boolean {
  const known = request.header('if-none-match');
  return known !== undefined && tagsIn(known).includes(String(row.version));
}

function tagsIn(header: string): string[] {
  return header.split(',').map((tag) => tag.trim().replace(/^W\//, '').replace(/^"|"$/g, ''));
}

export function stale(version: number): ScimRefusal {
  return { status: 412, detail: `The resource is at version W/"${version}" now: read it again` };
}
