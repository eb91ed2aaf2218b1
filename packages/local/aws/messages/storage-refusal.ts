/** Which S3 requests are refused because the store behind would do something else and say that it succeeded. It stores nothing. */
import type { AwsRequest } from '../endpoint.ts';

/** Sub-resources and parameters that are served; any other one changes what a request means. */
const served = new Set([
  'attributes',
  'continuation-token',
  'delete',
  'delimiter',
  'encoding-type',
  'fetch-owner',
  'lifecycle',
  'list-type',
  'marker',
  'max-keys',
  'partNumber',
  'prefix',
  'renameObject',
  'start-after',
  'uploadId',
  'uploads',
  'x-id',
]);
const refusedHeaders = [
  'x-amz-bucket-object-lock-enabled',
  'x-amz-object-lock-mode',
  'x-amz-object-lock-retain-until-date',
  'x-amz-object-lock-legal-hold',
  'x-amz-server-side-encryption-customer-algorithm',
  'x-amz-website-redirect-location',
  'x-amz-tagging',
  'x-amz-acl',
];

/** What the embedded stack cannot do of this request, in a sentence; undefined when it can. */
export function storageRefusal({ method, url, headers }: Pick<AwsRequest, 'method' | 'url' | 'headers'>): string | undefined {
  for (const [name] of url.searchParams) {
    if (served.has(name) || isSigning(name)) continue;
    if (method === 'GET' && name === 'location') return notHere('GetBucketLocation');
    if (name === 'versioning' || name === 'versions' || name === 'versionId') return notHere('S3 versioning');
    if (name === 'object-lock' || name === 'retention' || name === 'legal-hold') return notHere('S3 Object Lock');
    return notHere(`The S3 request parameter "${name}"`);
  }
  const header = refusedHeaders.find((name) => headers[name] !== undefined && headers[name] !== 'false');
  if (header) return notHere(header.includes('object-lock') ? 'S3 Object Lock' : `The S3 header ${header}`);
  if (method === 'PUT' && !url.searchParams.has('renameObject') && (headers['if-match'] ?? headers['if-none-match']) !== undefined)
    return notHere('A conditional write to S3');
  // Listing uploads or parts would be answered with a list of objects, or with the object.
  if (method === 'GET' && (url.searchParams.has('uploads') || url.searchParams.has('uploadId')))
    return notHere('Listing multipart uploads');
  return undefined;
}

function isSigning(name: string): boolean {
  return name.startsWith('X-Amz-') || name.startsWith('x-amz-checksum') || name.startsWith('response-');
}

function notHere(what: string): string {
  return `${what} is not in the embedded stack`;
}
