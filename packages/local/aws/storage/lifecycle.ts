/**
 * Bucket lifecycle rules: which versions and uploads are over at a moment. Days are counted as S3 counts them, to the next midnight UTC.
 * It removes nothing itself.
 */
import { AwsError } from '../service.ts';
import type { Upload, Version } from './version.ts';
import { childrenOf, type Element, elementAt, parseXml, textAt } from './xml.ts';

export interface LifecycleRule {
  prefix: string;
  expireDays?: number;
  /** Milliseconds. */
  expireAt?: number;
  /** Delete markers go once nothing is below them. */
  dropMarkers: boolean;
  noncurrentDays?: number;
  keepNoncurrent?: number;
  abortDays?: number;
}

const dayMs = 86_400_000;
const ruleMembers = ['ID', 'Status', 'Filter', 'Prefix', 'Expiration', 'NoncurrentVersionExpiration', 'AbortIncompleteMultipartUpload'];

/** The enabled rules of a document. Throws MalformedXML, or a refusal in words for a member that the embedded stack does not have. */
export function readLifecycle(xml: string | undefined): LifecycleRule[] {
  if (xml === undefined) return [];
  const root = parseXml(xml);
  if (root?.name !== 'LifecycleConfiguration') throw invalid('The document is no LifecycleConfiguration');
  return childrenOf(root, 'Rule').flatMap((rule) => {
    const read = readRule(rule);
    return textAt(rule, 'Status') === 'Enabled' ? [read] : [];
  });
}

function readRule(rule: Element): LifecycleRule {
  for (const { name } of rule.children) if (!ruleMembers.includes(name)) throw notHere(name);
  const filter = elementAt(rule, 'Filter');
  for (const { name } of filter?.children ?? []) if (name !== 'Prefix') throw notHere(`Filter ${name}`);
  const [expiration, noncurrent] = [elementAt(rule, 'Expiration'), elementAt(rule, 'NoncurrentVersionExpiration')];
  const days = daysAt(expiration, 'Days');
  const date = textAt(expiration, 'Date');
  const noncurrentDays = daysAt(noncurrent, 'NoncurrentDays');
  const keepNoncurrent = daysAt(noncurrent, 'NewerNoncurrentVersions');
  const abortDays = daysAt(elementAt(rule, 'AbortIncompleteMultipartUpload'), 'DaysAfterInitiation');
  return {
    prefix: textAt(filter, 'Prefix') ?? textAt(rule, 'Prefix') ?? '',
    dropMarkers: textAt(expiration, 'ExpiredObjectDeleteMarker') === 'true',
    ...(days !== undefined && { expireDays: days }),
    ...(date !== undefined && { expireAt: Date.parse(date) }),
    ...(noncurrentDays !== undefined && { noncurrentDays }),
    ...(keepNoncurrent !== undefined && { keepNoncurrent }),
    ...(abortDays !== undefined && { abortDays }),
  };
}

function daysAt(element: Element | undefined, name: string): number | undefined {
  const text = textAt(element, name);
  if (text === undefined) return undefined;
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1) throw invalid(`'${name}' must be a positive integer`);
  return days;
}

/** The object that everybody sees is over. `newest` is no delete marker. */
export function isExpired(rules: readonly LifecycleRule[], newest: Version, now: number): boolean {
  return rules.some(
    ({ prefix, expireDays, expireAt }) =>
      newest.key.startsWith(prefix) &&
      ((expireDays !== undefined && after(newest.at, expireDays) <= now) || (expireAt !== undefined && expireAt <= now)),
  );
}

/** Versions below the newest that are over, and a delete marker that hides nothing any more. `versions` newest first. */
export function expiredVersions(rules: readonly LifecycleRule[], versions: readonly Version[], now: number): Version[] {
  const [newest] = versions;
  if (!newest) return [];
  const mine = rules.filter(({ prefix }) => newest.key.startsWith(prefix));
  if (versions.length === 1) {
    const hidesNothing = !newest.content && mine.some(({ dropMarkers, expireDays }) => dropMarkers || expireDays !== undefined);
    return hidesNothing ? [newest] : [];
  }
  return versions.filter((_version, index) => {
    const successor = versions[index - 1];
    return (
      successor !== undefined &&
      mine.some(
        ({ noncurrentDays, keepNoncurrent = 0 }) =>
          noncurrentDays !== undefined && index > keepNoncurrent && after(successor.at, noncurrentDays) <= now,
      )
    );
  });
}

export function isAbandoned(rules: readonly LifecycleRule[], upload: Upload, now: number): boolean {
  return rules.some(
    ({ prefix, abortDays }) => abortDays !== undefined && upload.key.startsWith(prefix) && after(upload.at, abortDays) <= now,
  );
}

/** The midnight that follows so many days. */
function after(at: number, days: number): number {
  return Math.ceil((at + days * dayMs) / dayMs) * dayMs;
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidRequest', message);
}
function notHere(what: string): AwsError {
  return new AwsError('NotImplemented', `The lifecycle member ${what} is not in the embedded stack`, { status: 501 });
}
