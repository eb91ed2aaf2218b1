/**
 * What is delivered while the tables are away: what was last served to the person, else the base, to a token that is valid by signature, time
 * and the revocation list as it was last known. Settings only restrict, and without them every client in the company stops at its next start.
 * Fails closed: without keys nobody, without a list only whom this environment admitted itself.
 */
import type { KeyObject } from 'node:crypto';
import { log } from '@gatehouse/runtime/log';
import { type Bearer, bearerOf } from './bearer.ts';
import { baseCopy, readTrustCopy, servedCopy } from './copies.s3.ts';
import type { LastServed } from './last-served.ts';
import { type Delivered, delivery } from './settings.ts';
import { readTrust, type Trusted } from './trust-copy.ts';

export interface LastResort {
  bucket: string;
  publicUrl: string;
  /** As admission last had them. */
  keys: ReadonlyMap<string, KeyObject>;
  memory: LastServed;
}

export type Found =
  | { from: 'memory' | 'copy' | 'base'; bearer: Bearer; delivered: Delivered }
  /** The list, as it was last known, holds the bearer. */
  | { from: 'revoked'; bearer: Bearer };

/** @param nowMs milliseconds. Undefined when nothing may be answered. */
export async function withoutTables(
  token: string,
  { bucket, publicUrl, keys, memory }: LastResort,
  nowMs: number,
): Promise<Found | undefined> {
  const trusted = await lastTrust(bucket, nowMs);
  const known = new Map([...(trusted?.keys ?? []), ...keys]);
  const bearer = bearerOf(token, { keys: known, publicUrl }, nowMs);
  if (!bearer || memory.isDead(bearer)) return undefined;
  if (trusted?.revoked(bearer)) return { from: 'revoked', bearer };
  const recalled = memory.recall(bearer);
  if (recalled) return { from: 'memory', bearer, delivered: recalled };
  if (!trusted) return undefined;
  const [own, base] = await Promise.all([orNone('served', servedCopy(bucket, bearer.person)), orNone('base', baseCopy(bucket))]);
  // A copy of a later epoch: the bearer's token is of a time before a cut.
  if (own && bearer.epoch < own.epoch) return undefined;
  if (own) return { from: 'copy', bearer, delivered: delivery(own.settings) };
  return base && { from: 'base', bearer, delivered: delivery(base) };
}

const trustAgainMs = 60_000;
let trust: { read: Trusted; at: number } | undefined;

/** The copy in S3, asked for again each minute; what was read before stands while S3 is away too. */
async function lastTrust(bucket: string, nowMs: number): Promise<Trusted | undefined> {
  if (trust && nowMs - trust.at < trustAgainMs) return trust.read;
  const copy = await orNone('trust', readTrustCopy(bucket));
  if (copy) trust = { read: readTrust(copy), at: nowMs };
  return trust?.read;
}

/** A copy that cannot be read is none: the log says why. */
async function orNone<T>(what: string, reading: Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    log.warn('copy not read', { what, error: error as Error });
    return undefined;
  }
}
