/** What this SCIM server can do and which schemas it has (RFC 7644 section 4). Read only, the same for everybody. */
import type { Reply, Request } from '@gatehouse/runtime/http';
import { answer, listed, refused } from './answer.wire.ts';
import { maxResults } from './page.ts';
import type { Json } from './shape.ts';

const core = 'urn:ietf:params:scim:schemas:core:2.0';
const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

/** Undefined where the path is none of these. */
export async function discover(request: Request, path: readonly string[], base: string): Promise<Reply | undefined> {
  const [what, id, ...more] = path;
  if (more.length > 0 || (what !== 'ServiceProviderConfig' && what !== 'ResourceTypes' && what !== 'Schemas')) return undefined;
  // RFC 7644 section 4: a filter here is forbidden.
  if (request.query.has('filter')) return refused({ status: 403, detail: `${what} takes no filter` });
  if (what === 'ServiceProviderConfig') return id === undefined ? answer(200, serviceProviderConfig(base)) : undefined;
  const all = what === 'ResourceTypes' ? resourceTypes(base) : await schemas(base);
  if (id === undefined) return listed(all, all.length, 1);
  const found = all.find((one) => one.id === decodeURIComponent(id));
  return found ? answer(200, found) : undefined;
}

function serviceProviderConfig(base: string): Json {
  return {
    schemas: [`${core}:ServiceProviderConfig`],
    patch: { supported: true },
    bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
    filter: { supported: true, maxResults },
    changePassword: { supported: false },
    sort: { supported: false },
    etag: { supported: true },
    authenticationSchemes: [
      { type: 'oauthbearertoken', name: 'Bearer token', description: 'One of the two secrets that are live at a time', primary: true },
    ],
    meta: { resourceType: 'ServiceProviderConfig', location: `${base}/ServiceProviderConfig` },
  };
}

function resourceTypes(base: string): Json[] {
  const type = (id: string, endpoint: string, description: string, schemaExtensions: Json[]): Json => ({
    schemas: [`${core}:ResourceType`],
    id,
    name: id,
    endpoint,
    description,
    schema: `${core}:${id}`,
    schemaExtensions,
    meta: { resourceType: 'ResourceType', location: `${base}/ResourceTypes/${id}` },
  });
  return [type('User', '/Users', 'User Account', [{ schema: enterprise, required: false }]), type('Group', '/Groups', 'Group', [])];
}

async function schemas(base: string): Promise<Json[]> {
  const { User, Group, EnterpriseUser } = await import('scimmy/schemas');
  return [User, Group, EnterpriseUser].map(({ definition }) => {
    const described = JSON.parse(JSON.stringify(definition.describe(`${base}/Schemas`))) as Json;
    return described;
  });
}
