/** Reads a time in a token's claims; says nothing about whether it is the right one. */
import type { JsonObject } from '@gatehouse/core/jwt';

/** Seconds since the epoch. */
export function timeIn(claims: JsonObject, name: string): number | undefined {
  const value = claims[name];
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
