/** SCIM groups over HTTP. Members are ids; who is not known (yet) may stand among them and means nobody. */
import { timestamp } from '@gatehouse/runtime/clock';
import { Throttled } from '@gatehouse/runtime/fault';
import type { Reply, Request } from '@gatehouse/runtime/http';
import { answer, listed, refused } from './answer.wire.ts';
import { demandOf, type Filter, matches } from './filter.ts';
import { deleteGroup, everyGroup, groupByName, maxMembers, membersOf, readGroup, writeGroup } from './groups.dynamo.ts';
import { applyToMembers, idsOf, isAboutMembers } from './members.ts';
import { project, queryOf, readWanted } from './page.ts';
import { applyOperations, readOperations } from './patch.ts';
import type { ScimRefusal } from './refusal.ts';
import type { GroupRow } from './rows.ts';
import { modelOf } from './schema.ts';
import { type Json, shapeResource } from './shape.ts';
import { bodyOf, etagOf, isStale, isUnchanged, newId, type Place, stale } from './users.http.ts';

const maxRaces = 6;

export async function listGroups(place: Place, query: URLSearchParams): Promise<Reply> {
  const { vocabulary } = await modelOf('Groups');
  const wanted = readWanted(query, vocabulary);
  if (!wanted.ok) return refused(wanted.refusal);
  const { filter, startIndex, count } = wanted.value;
  const named = filter && (await namedGroups(place.table, filter));
  const withMembers = showsMembers(query);
  const shown: Json[] = [];
  let [total, members] = [0, 0];
  for await (const row of named ?? everyGroup(place.table)) {
    if (filter) {
      const about = JSON.stringify(filter).includes('members') ? await membersOf(place.table, row) : undefined;
      if (!matches(filter, show(row, place.base, about), vocabulary)) continue;
    }
    total++;
    if (total < startIndex || shown.length >= count) continue;
    // A page ends early where its members would not fit into an answer.
    if (withMembers && members > 0 && members + row.member_count > maxMembers) {
      members = Number.POSITIVE_INFINITY;
      continue;
    }
    members += row.member_count;
    shown.push(project(show(row, place.base, withMembers ? await membersOf(place.table, row) : undefined), query, vocabulary));
  }
  return listed(shown, total, startIndex);
}

export async function searchGroups(place: Place, request: Request): Promise<Reply> {
  const body = bodyOf(request);
  return body.ok ? listGroups(place, queryOf(body.value)) : refused(body.refusal);
}

function showsMembers(query: URLSearchParams): boolean {
  const listedNames = (name: string) => (query.get(name) ?? '').toLowerCase().split(/[\s,]+/);
  if (listedNames('excludedAttributes').includes('members')) return false;
  return !query.get('attributes') || listedNames('attributes').some((name) => name.startsWith('members'));
}

async function namedGroups(table: string, filter: Filter): Promise<GroupRow[] | undefined> {
  const id = demandOf(filter, 'id');
  if (id !== undefined) return [await readGroup(table, id)].filter((row) => row !== undefined);
  const name = demandOf(filter, 'displayName');
  return name === undefined ? undefined : [await groupByName(table, name)].filter((row) => row !== undefined);
}

export async function getGroup(place: Place, id: string, request: Request): Promise<Reply> {
  const row = await readGroup(place.table, id);
  if (!row) return refused(noGroup(id));
  if (isUnchanged(request, row)) return { status: 304, headers: { etag: etagOf(row) } };
  const { vocabulary } = await modelOf('Groups');
  const members = showsMembers(request.query) ? await membersOf(place.table, row) : undefined;
  return answer(200, project(show(row, place.base, members), request.query, vocabulary), { etag: etagOf(row) });
}

export async function createGroup(place: Place, request: Request): Promise<Reply> {
  const body = bodyOf(request);
  if (!body.ok) return refused(body.refusal);
  const model = await modelOf('Groups');
  const { members: written, ...shaped } = shapeResource(body.value, model.vocabulary);
  const checked = model.check(shaped);
  if (!checked.ok) return refused(checked.refusal);
  const members = new Set(idsOf(written));
  if (members.size > maxMembers) return refused(tooMany());
  const at = timestamp(place.now);
  const next = rowOf(newId('g', place.now), checked.value, { version: 1, created: at, modified: at });
  if ((await writeGroup(place.table, next, undefined, members)) !== 'done') return refused(taken(next.display_name));
  const shown = show(next, place.base, members);
  return answer(201, shown, { etag: etagOf(next), location: `${place.base}/Groups/${next.sk}` });
}

interface Changed {
  resource: Json;
  /** Left out: as they were. */
  members?: ReadonlySet<string>;
}
type Change = (before: {
  resource: Json;
  members(): Promise<ReadonlySet<string>>;
}) => Promise<{ ok: true; value: Changed } | { ok: false; refusal: ScimRefusal }>;

/** A PUT is the whole group: without members nobody is in it, as the provider's own copy says. */
export async function replaceGroup(place: Place, id: string, request: Request): Promise<Reply> {
  const body = bodyOf(request);
  if (!body.ok) return refused(body.refusal);
  const model = await modelOf('Groups');
  const { members, ...shaped } = shapeResource(body.value, model.vocabulary);
  return changeGroup(place, id, request, async ({ resource }) => {
    const { displayName: _, ...kept } = resource;
    const checked = model.check({ ...kept, ...shaped });
    return checked.ok ? { ok: true, value: { resource: checked.value, members: new Set(idsOf(members)) } } : checked;
  });
}

export async function patchGroup(place: Place, id: string, request: Request): Promise<Reply> {
  const body = bodyOf(request);
  if (!body.ok) return refused(body.refusal);
  const model = await modelOf('Groups');
  const operations = readOperations(body.value, model.vocabulary);
  if (!operations.ok) return refused(operations.refusal);
  const aboutMembers = operations.value.filter(isAboutMembers);
  const others = operations.value.filter((one) => !isAboutMembers(one));
  const reply = await changeGroup(place, id, request, async (before) => {
    const applied = applyOperations(before.resource, others, model.vocabulary);
    const checked = applied.ok ? model.check(applied.value) : applied;
    if (!checked.ok) return checked;
    if (aboutMembers.length === 0) return { ok: true, value: { resource: checked.value } };
    return { ok: true, value: { resource: checked.value, members: applyToMembers(await before.members(), aboutMembers) } };
  });
  return reply.status === 200 && !request.query.has('attributes') ? { status: 204, headers: { etag: reply.headers?.etag ?? '' } } : reply;
}

async function changeGroup(place: Place, id: string, request: Request, change: Change): Promise<Reply> {
  const { vocabulary } = await modelOf('Groups');
  for (let race = 1; race <= maxRaces; race++) {
    const before = await readGroup(place.table, id);
    if (!before) return refused(noGroup(id));
    if (isStale(request, before)) return refused(stale(before.version));
    let known: ReadonlySet<string> | undefined;
    const members = async () => {
      known ??= await membersOf(place.table, before);
      return known;
    };
    const changed = await change({ resource: JSON.parse(before.resource) as Json, members });
    if (!changed.ok) return refused(changed.refusal);
    const wanted = changed.value.members;
    if (wanted && wanted.size > maxMembers) return refused(tooMany());
    const moved = wanted && !isSame(wanted, await members()) ? wanted : undefined;
    const next = rowOf(id, changed.value.resource, {
      version: before.version + 1,
      created: before.created,
      modified: timestamp(place.now),
    });
    const same = !moved && next.resource === before.resource;
    const written = same ? 'done' : await writeGroup(place.table, next, before, moved);
    if (written === 'done') {
      const row = same ? before : { ...before, ...next };
      const shown = showsMembers(request.query) && request.method === 'PUT' ? (wanted ?? (await members())) : undefined;
      return answer(200, project(show(row, place.base, shown), request.query, vocabulary), { etag: etagOf(row) });
    }
    if (written === 'name_taken' && (await groupByName(place.table, next.display_name))?.sk !== id)
      return refused(taken(next.display_name));
  }
  throw new Throttled(`One group was written by others ${maxRaces} times in a row`);
}

export async function removeGroup(place: Place, id: string, request: Request): Promise<Reply> {
  for (let race = 1; race <= maxRaces; race++) {
    const before = await readGroup(place.table, id);
    if (!before) return refused(noGroup(id));
    if (isStale(request, before)) return refused(stale(before.version));
    if ((await deleteGroup(place.table, before)) === 'done') return { status: 204 };
  }
  throw new Throttled(`One group was written by others ${maxRaces} times in a row`);
}

function isSame(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((one) => b.has(one));
}

type Head = Omit<GroupRow, 'member_set' | 'member_parts' | 'member_count'>;

function rowOf(id: string, resource: Json, { version, created, modified }: Pick<GroupRow, 'version' | 'created' | 'modified'>): Head {
  const { id: _, meta: __, members: ___, ...kept } = resource;
  const externalId = typeof kept.externalId === 'string' && kept.externalId !== '' ? kept.externalId : undefined;
  return {
    sk: id,
    display_name: String(kept.displayName),
    resource: JSON.stringify(kept),
    version,
    created,
    modified,
    ...(externalId !== undefined && { external_id: externalId }),
  };
}

function show(row: Head, base: string, members: ReadonlySet<string> | undefined): Json {
  const { schemas, ...resource } = JSON.parse(row.resource) as Json;
  const location = `${base}/Groups/${row.sk}`;
  const meta = { resourceType: 'Group', created: row.created, lastModified: row.modified, location, version: etagOf(row) };
  return { schemas, id: row.sk, ...resource, ...(members && { members: [...members].map((id) => memberOf(id, base)) }), meta };
}

function memberOf(id: string, base: string): Json {
  const [type, path] = id.startsWith('g') ? ['Group', 'Groups'] : ['User', 'Users'];
  return { value: id, type, $ref: `${base}/${path}/${id}` };
}

function noGroup(id: string): ScimRefusal {
  return { status: 404, detail: `There is no group ${JSON.stringify(id.slice(0, 80))}` };
}

/** Policies name groups: two of one name could not be told apart. */
function taken(name: string): ScimRefusal {
  return { status: 409, scimType: 'uniqueness', detail: `The displayName ${JSON.stringify(name.slice(0, 80))} is taken` };
}

function tooMany(): ScimRefusal {
  return { status: 413, scimType: 'tooMany', detail: `A group ends at ${maxMembers} members` };
}
