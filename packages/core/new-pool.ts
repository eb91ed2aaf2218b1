/** A Cognito pool that the deployment itself makes: what the profile says of it before it is there. Its ids are outputs, and stand as marks until then. */

const poolMark = 'NEWPOOL';
/** Stands for the id of our client in the pool. */
export const newClientMark = 'new-pool-client';

/** Stands for the pool's id, as long and of the same characters. */
export function newPoolMark(region: string): string {
  return `${region}_${poolMark}`;
}

/** The issuer of a pool's tokens (Amazon Cognito Developer Guide, "Verifying JSON web tokens"). */
function issuerOf(region: string, poolId: string): string {
  return `https://cognito-idp.${region}.amazonaws.com/${poolId}`;
}

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @param written a profile as its author wrote it. With `new_pool`, the pool is its issuer, its sign-in page and its directory; what is written stays beside it. */
export function withNewPool(written: unknown): unknown {
  if (!isMembers(written) || written.new_pool === undefined || typeof written.region !== 'string') return written;
  const { region } = written;
  const issuer = issuerOf(region, newPoolMark(region));
  const access = isMembers(written.access) ? written.access : {};
  const people = isMembers(written.people) ? written.people : {};
  const made = { kind: 'cognito', issuer, audiences: [newClientMark], directory: true };
  return {
    ...written,
    access: {
      // Cognito knows no scope "groups": they are in its tokens anyway.
      login: { issuer, client_id: newClientMark, scopes: 'openid email profile' },
      ...access,
      issuers: [made, ...(Array.isArray(access.issuers) ? access.issuers : [])],
    },
    people: {
      ...people,
      directory: [{ kind: 'cognito', issuer, user_pool_id: newPoolMark(region) }, ...[people.directory ?? []].flat()],
    },
  };
}
