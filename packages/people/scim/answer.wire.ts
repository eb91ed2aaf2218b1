/** SCIM's answers: media type, list and error bodies (RFC 7644 sections 3.1, 3.4.2 and 3.12). A fault asks to come again: a 5xx would put Entra ID's job into quarantine. */
import type { Reply } from '@gatehouse/runtime/http';
import { faultStatus, statusOf, type Wire } from '@gatehouse/runtime/wire';
import type { ScimRefusal } from './refusal.ts';
import type { Json } from './shape.ts';

const type = { 'content-type': 'application/scim+json; charset=utf-8', 'cache-control': 'no-store' };

export function answer(status: number, body: Json, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers: { ...type, ...headers }, body: JSON.stringify(body) };
}

export function refused({ status, scimType, detail }: ScimRefusal, headers: Readonly<Record<string, string>> = {}): Reply {
  const schemas = ['urn:ietf:params:scim:api:messages:2.0:Error'];
  return answer(status, { schemas, status: String(status), ...(scimType && { scimType }), detail }, headers);
}

export function listed(resources: readonly Json[], totalResults: number, startIndex: number): Reply {
  return answer(200, {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
    totalResults,
    startIndex,
    itemsPerPage: resources.length,
    Resources: resources,
  });
}

const soon = { 'retry-after': '10' };

export const scimWire: Wire = {
  refuse: (refusal) =>
    statusOf(refusal) === 503
      ? refused({ status: 429, detail: 'Gatehouse cannot check the token just now: try again soon' }, soon)
      : refused(
          { status: 401, detail: 'The bearer token is missing or not one of the two that are valid' },
          { 'www-authenticate': 'Bearer' },
        ),
  fault: (error) =>
    faultStatus(error) === 500
      ? refused({ status: 500, detail: 'Something went wrong on our side; the request id finds it in the log' })
      : refused({ status: 429, detail: 'Nothing was written: try again soon' }, soon),
};
