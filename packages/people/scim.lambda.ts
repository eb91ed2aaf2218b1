/** The SCIM 2.0 server: leads each call to its resource. A write is answered once it is durable; nobody waits for what follows from it. */
import { PeopleConfig } from '@gatehouse/core/people-profile';
import { admitScim } from '@gatehouse/runtime/admit-scim';
import { json } from '@gatehouse/runtime/environment';
import { type Call, http, type Reply, type Request } from '@gatehouse/runtime/http';
import * as z from 'zod';
import { refused, scimWire } from './scim/answer.wire.ts';
import { surface } from './surface.ts';

export const env = z.object({
  TABLE_PEOPLE: z.string(),
  CONFIG: json(PeopleConfig),
  PUBLIC_URL: z.url(),
  SECRET_SCIM_1_ARN: z.string(),
  SECRET_SCIM_2_ARN: z.string(),
});

const maxBodyBytes = 1024 * 1024;

type ScimCall = Call<z.infer<typeof env>>;

export const handler = http(
  { surface, env, wire: scimWire, admit: admitScim },
  { 'scim-get': serve, 'scim-post': serve, 'scim-put': serve, 'scim-patch': serve, 'scim-delete': serve },
);

/** RFC 7644 section 3.1; with parameters, as Okta and Entra ID write them. */
const jsonType = /^\s*application\/(scim\+)?json\s*(;|$)/i;

async function serve(request: Request, { env: { CONFIG, PUBLIC_URL, TABLE_PEOPLE }, now }: ScimCall): Promise<Reply> {
  if (!CONFIG.scim) return refused({ status: 404, detail: 'SCIM is not switched on: people.scim is not in the profile' });
  if (request.body.length > maxBodyBytes) return refused({ status: 413, detail: `A body ends at ${maxBodyBytes} bytes` });
  const type = request.header('content-type');
  if (request.body.length > 0 && type !== undefined && !jsonType.test(type))
    return refused({ status: 415, detail: 'A body is application/scim+json or application/json' });
  const base = `${new URL(PUBLIC_URL).origin}/scim/v2`;
  const path = (request.pathParameters.path ?? '').split('/').filter((part) => part !== '');
  const place = { table: TABLE_PEOPLE, base, now };
  const [kind, id, ...more] = path;
  if (kind === 'Users' && more.length === 0) return users(place, id, request);
  if (kind === 'Groups' && more.length === 0) return groups(place, id, request);
  if (kind === 'Bulk' || kind === 'Me' || kind === '.search') return refused({ status: 501, detail: `${kind} is not offered here` });
  const { discover } = await import('./scim/discovery.http.ts');
  const found = request.method === 'GET' ? await discover(request, path, base) : undefined;
  return found ?? refused({ status: 404, detail: 'Nothing is at this path' });
}

type Where = { table: string; base: string; now: number };

async function users(place: Where, id: string | undefined, request: Request): Promise<Reply> {
  const serving = await import('./scim/users.http.ts');
  switch (`${request.method} ${shape(id)}`) {
    case 'GET ':
      return serving.listUsers(place, request.query);
    case 'GET id':
      return serving.getUser(place, id ?? '', request);
    case 'POST ':
      return serving.createUser(place, request);
    case 'POST .search':
      return serving.searchUsers(place, request);
    case 'PUT id':
      return serving.replaceUser(place, id ?? '', request);
    case 'PATCH id':
      return serving.patchUser(place, id ?? '', request);
    case 'DELETE id':
      return serving.removeUser(place, id ?? '', request);
    default:
      return notAllowed(request);
  }
}

async function groups(place: Where, id: string | undefined, request: Request): Promise<Reply> {
  const serving = await import('./scim/groups.http.ts');
  switch (`${request.method} ${shape(id)}`) {
    case 'GET ':
      return serving.listGroups(place, request.query);
    case 'GET id':
      return serving.getGroup(place, id ?? '', request);
    case 'POST ':
      return serving.createGroup(place, request);
    case 'POST .search':
      return serving.searchGroups(place, request);
    case 'PUT id':
      return serving.replaceGroup(place, id ?? '', request);
    case 'PATCH id':
      return serving.patchGroup(place, id ?? '', request);
    case 'DELETE id':
      return serving.removeGroup(place, id ?? '', request);
    default:
      return notAllowed(request);
  }
}

function shape(id: string | undefined): '' | '.search' | 'id' {
  return id === undefined ? '' : id === '.search' ? id : 'id';
}

function notAllowed({ method }: Request): Reply {
  return refused({ status: 405, detail: `${method} is not for this path` });
}
