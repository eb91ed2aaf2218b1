/**
 * What Object Lock lets happen to one version (Amazon S3 user guide, "Locking objects with Object Lock"): who may delete it, and how its
 * retention may change. It knows no bucket and keeps nothing.
 */
import { AwsError } from '../service.ts';

export type LockMode = 'GOVERNANCE' | 'COMPLIANCE';

export interface Retention {
  mode: LockMode;
  /** Milliseconds. */
  until: number;
}

export interface Locked {
  retention?: Retention | undefined;
  hold?: boolean | undefined;
}

/** `bypass`: the request carries `x-amz-bypass-governance-retention: true`, which IAM has allowed. */
export function mustBeDeletable({ retention, hold }: Locked, now: number, bypass: boolean): void {
  if (hold || (retention && holds(retention, now) && !(retention.mode === 'GOVERNANCE' && bypass))) throw protectedVersion();
}

/** A lock in COMPLIANCE mode only grows; in GOVERNANCE mode less of it, or another mode, takes the bypass. `next` undefined takes the lock away. */
export function mustBeRetainable({ retention }: Locked, next: Retention | undefined, now: number, bypass: boolean): void {
  if (!retention || !holds(retention, now)) return;
  if (next?.mode === retention.mode && next.until >= retention.until) return;
  if (!(retention.mode === 'GOVERNANCE' && bypass)) throw protectedVersion();
}

/** Throws unless both are there or neither, the mode is known and the date is to come. */
export function readRetention(mode: string | undefined, until: string | undefined, now: number): Retention | undefined {
  if (mode === undefined && until === undefined) return undefined;
  if (mode === undefined || until === undefined)
    throw new AwsError('InvalidArgument', 'x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied');
  const time = Date.parse(until);
  if (!isMode(mode)) throw new AwsError('InvalidArgument', `Unknown wormMode directive: ${mode}`);
  if (Number.isNaN(time)) throw new AwsError('InvalidArgument', `The retain until date ${until} is no RFC 3339 time`);
  if (time <= now) throw new AwsError('InvalidArgument', 'The retain until date must be in the future!');
  return { mode, until: time };
}

/** Throws for anything but ON and OFF. */
export function readHold(status: string | undefined): boolean | undefined {
  if (status === undefined) return undefined;
  if (status !== 'ON' && status !== 'OFF') throw new AwsError('InvalidArgument', `A legal hold is ON or OFF, not ${status}`);
  return status === 'ON';
}

export function isMode(mode: string | undefined): mode is LockMode {
  return mode === 'GOVERNANCE' || mode === 'COMPLIANCE';
}

function holds({ until }: Retention, now: number): boolean {
  return until > now;
}

function protectedVersion(): AwsError {
  return new AwsError('AccessDenied', 'Access Denied because object protected by object lock.', { status: 403 });
}
