/** Whom a token speaks for by itself: signature, times and scope. Whether it was revoked is another question. */
import type { KeyObject } from 'node:crypto';
import { checkAccessToken } from '@gatehouse/core/access-token';

export interface Bearer {
  person: string;
  session: string;
  epoch: number;
}

/** @param trust.publicUrl our issuer and audience. @param nowMs milliseconds. */
export function bearerOf(
  token: string,
  { keys, publicUrl }: { keys: ReadonlyMap<string, KeyObject>; publicUrl: string },
  nowMs: number,
): Bearer | undefined {
  const claims = checkAccessToken(token, { issuer: publicUrl, audience: publicUrl, keys }, Math.floor(nowMs / 1000));
  if (!claims.ok || !claims.value.scope.split(' ').includes('policy')) return undefined;
  return { person: claims.value.sub, session: claims.value.sid, epoch: claims.value.epoch };
}
