/** Makes the answer of the token endpoint: one access token for a family's step, and the refresh token of that step. Reads and writes nothing. */

import { type AccessClaims, accessTokenSeconds, signingInput } from '@gatehouse/core/access-token';
import { accessTokenId, refreshToken } from './family.ts';
import type { Family } from './rows.ts';
import type { Signer } from './signer.ts';

export type Minted = {
  access_token: string;
  refresh_token: string;
  token_type: 'Bearer';
  expires_in: number;
  scope: string;
};

/** What a grant gave: the tokens are made before the grant is written, so that a key store in trouble changes nothing. */
export interface Issued {
  family: Family;
  minted: Minted;
}

/** Makes the tokens of a family's step. */
export type MintFor = (family: Family, scopes?: readonly string[]) => Promise<Minted>;

export interface Minting {
  signer: Signer;
  pepper: string;
  origin: string;
  /** A narrower set for this one access token; the family keeps its own. */
  scopes?: readonly string[] | undefined;
}

/** The token's time starts when the step began, so that a repeated answer lives no longer than the first. */
export async function mint(family: Family, { signer, pepper, origin, scopes }: Minting, nowMs: number): Promise<Minted> {
  const iat = Math.floor(family.rotated_at / 1000);
  const scope = (scopes ?? family.scopes).join(' ');
  const claims: AccessClaims = {
    iss: origin,
    aud: origin,
    sub: family.person,
    client_id: family.client_id ?? family.client,
    iat,
    exp: Math.min(iat + accessTokenSeconds, family.expires_at),
    jti: accessTokenId(pepper, family, family.step),
    sid: family.session,
    epoch: family.epoch,
    auth_time: family.auth_time,
    scope,
    ...(family.actor && { act: { sub: family.actor } }),
  };
  const input = signingInput(signer.kid, claims);
  return {
    access_token: `${input}.${await signer.sign(input)}`,
    refresh_token: refreshToken(pepper, family, family.step),
    token_type: 'Bearer',
    expires_in: Math.max(0, claims.exp - Math.floor(nowMs / 1000)),
    scope,
  };
}
