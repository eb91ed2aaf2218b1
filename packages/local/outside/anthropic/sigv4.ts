/** Reads a SigV4 Authorization header and says what AWS would not like about its shape. Checks no signature: the stand-ins hold no secrets. */
import type { Call } from '../http.ts';

const header =
  /^AWS4-HMAC-SHA256 Credential=([^/\s,]+)\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;

/** @returns AWS's sentence when the request is not signed for the service, undefined when it looks right. */
export function wrongSignature({ headers }: Call, service: string, mustSign: readonly string[] = []): string | undefined {
  const parts = header.exec(headers.authorization ?? '');
  if (!parts) return 'Authorization header requires a complete AWS4-HMAC-SHA256 credential, signed headers and signature.';
  const [, , day, , scope, signed] = parts;
  if (scope !== service) return `Credential should be scoped to correct service: '${service}'.`;
  const date = headers['x-amz-date'];
  if (typeof date !== 'string' || !/^\d{8}T\d{6}Z$/.test(date)) return 'Authorization header requires existence of an X-Amz-Date header.';
  if (!date.startsWith(day ?? '-')) return `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP`;
  const names = new Set(signed?.split(';'));
  const missing = ['host', ...mustSign].find((name) => !names.has(name));
  return missing === undefined ? undefined : `The header ${missing} must be signed`;
}

export function isSigned({ headers }: Call): boolean {
  return (headers.authorization ?? '').startsWith('AWS4-HMAC-SHA256');
}
