/** Conditional requests and ranges (RFC 9110 sections 13 and 14) as S3 answers them. It reads no body. */
import { AwsError } from '../service.ts';
import type { StorageRequest } from './request.ts';
import type { Version } from './version.ts';

type Headers = StorageRequest['headers'];
type Present = Version & { content: NonNullable<Version['content']> };

/** True when the reader has it already (304). Throws PreconditionFailed. */
export function isUnchanged(headers: Headers, { at, content: { etag } }: Present): boolean {
  const match = headers['if-match'];
  const noneMatch = headers['if-none-match'];
  const seconds = Math.floor(at / 1000) * 1000;
  if (match !== undefined ? !names(match, etag) : seconds > timeOf(headers['if-unmodified-since'])) throw preconditionFailed('If-Match');
  return noneMatch !== undefined ? names(noneMatch, etag) : seconds <= Date.parse(headers['if-modified-since'] ?? '');
}

/** For Put, Copy and CompleteMultipartUpload: `If-None-Match: *` or `If-Match: <etag>` against what is there now. */
export function mustBeWritable(headers: Headers, current: Present | undefined): void {
  const match = headers['if-match'];
  const noneMatch = headers['if-none-match'];
  if (noneMatch !== undefined && noneMatch !== '*')
    throw new AwsError('NotImplemented', 'A header you provided implies functionality that is not implemented: If-None-Match takes *', {
      status: 501,
    });
  if (noneMatch !== undefined && current) throw preconditionFailed('If-None-Match');
  if (match === undefined) return;
  if (!current) throw new AwsError('NoSuchKey', 'The specified key does not exist.', { status: 404 });
  if (!names(match, current.content.etag)) throw preconditionFailed('If-Match');
}

/** Bytes `start` to `end`, both included. Undefined for the whole: no range, several, or one that is none. Throws InvalidRange. */
export function rangeOf(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  if (start >= size || (first === '' && Number(last) === 0))
    throw new AwsError('InvalidRange', 'The requested range is not satisfiable', { status: 416 });
  return { start, end };
}

function names(header: string, etag: string): boolean {
  return header.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^"|"$/g, '') === etag);
}

function timeOf(header: string | undefined): number {
  const time = Date.parse(header ?? '');
  return Number.isNaN(time) ? Number.POSITIVE_INFINITY : time;
}

function preconditionFailed(condition: string): AwsError {
  return new AwsError('PreconditionFailed', `At least one of the pre-conditions you specified did not hold: ${condition}`, { status: 412 });
}
