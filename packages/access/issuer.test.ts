import { generateKeyPairSync, sign } from 'node:crypto';
import { Issuer } from '@gatehouse/core/access-profile';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { discoveryUrl, type IssuerJwk } from './issuer-keys.ts';
import type { Issuers } from './issuers.http.ts';
import { verifySubjectToken } from './subject-token.verify.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const now = () => Math.floor(Date.now() / 1000);
const segment = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
type Written = z.input<typeof Issuer>;

const tenant = '8a5f0c1e-0000-4000-8000-000000000001';
const stranger = '8a5f0c1e-0000-4000-8000-00000000000f';
const oid = '7d1e0000-0000-4000-8000-000000000002';
const v2 = `https://login.microsoftonline.com/${tenant}/v2.0`;
const v1 = `https://sts.windows.net/${tenant}/`;
const common = 'https://login.microsoftonline.com/{tenantid}/v2.0';
const pool = 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI';
const google = 'https://accounts.google.com';
const authentik = 'https://auth.example.com/application/o/gatehouse/';

const entra: Written = { kind: 'entra', issuer: v2, audiences: ['api://gatehouse', 'gatehouse'] };
const many: Written = { ...entra, issuer: common, tenants: [tenant] };
const okta: Written = { kind: 'okta', issuer: 'https://acme.okta.com/oauth2/gatehouse', audiences: ['gatehouse'] };
const cognito: Written = { kind: 'cognito', issuer: pool, audiences: ['gatehouse'] };
const workspace: Written = { kind: 'google', issuer: google, audiences: ['gatehouse'], hosted_domain: 'example.com' };

const person = { sub: 'pairwise', tid: tenant, oid };

/** What one token gets from one issuer. `key`: members of the issuer's JWK. */
async function verdict(written: Written, claims: object, { key = {}, alg = 'RS256' }: { key?: object; alg?: string } = {}) {
  const input = `${segment({ alg, kid: 'k', typ: 'JWT' })}.${segment({ aud: 'gatehouse', iat: now(), exp: now() + 3600, ...claims })}`;
  const signed =
    alg === 'ES256'
      ? sign('sha256', Buffer.from(input), { key: ec.privateKey, dsaEncoding: 'ieee-p1363' })
      : sign('sha256', Buffer.from(input), rsa.privateKey);
  const publicKey = alg === 'ES256' ? ec.publicKey : rsa.publicKey;
  const keys: Issuers = {
    discoveryOf: () => Promise.reject(new Error('not asked for')),
    keyOf: async () => ({ ...publicKey.export({ format: 'jwk' }), kid: 'k', ...key }) as IssuerJwk,
  };
  const expected = { issuers: [Issuer.parse(written)], types: [undefined, 'jwt', 'at+jwt'] };
  return verifySubjectToken(`${input}.${signed.toString('base64url')}`, expected, keys, Date.now());
}

describe('an issuer’s own ways', () => {
  it.each([
    ['Entra ID, v2', entra, { ...person, iss: v2 }, `${tenant}/${oid}`],
    ['Entra ID, v1', { ...entra, issuer: v1 }, { ...person, iss: v1, aud: 'api://gatehouse' }, `${tenant}/${oid}`],
    ['Entra ID, a delegated access token', entra, { ...person, iss: v2, azp: 'c-1', scp: 'user_impersonation' }, `${tenant}/${oid}`],
    ['Entra ID, one of the tenants listed', many, { ...person, iss: v2 }, `${tenant}/${oid}`],
    ['Okta, an access token of a person', okta, { iss: okta.issuer, sub: 'alice', cid: '0oa1', uid: '00u1' }, 'alice'],
    ['Cognito, an ID token', cognito, { iss: pool, sub: 'c-1', token_use: 'id' }, 'c-1'],
    [
      'Cognito, an access token without aud',
      cognito,
      { iss: pool, sub: 'c-1', token_use: 'access', client_id: 'gatehouse', aud: undefined },
      'c-1',
    ],
    ['Google, with the scheme', workspace, { iss: google, sub: '1081', hd: 'example.com' }, '1081'],
    ['Google, without the scheme', workspace, { iss: 'accounts.google.com', sub: '1081', hd: 'example.com' }, '1081'],
    [
      'Authentik, with its slash',
      { kind: 'authentik', issuer: authentik, audiences: ['gatehouse'] },
      { iss: authentik, sub: 'ak-1' },
      'ak-1',
    ],
    [
      'Auth0, with its slash',
      { kind: 'auth0', issuer: 'https://acme.eu.auth0.com/', audiences: ['gatehouse'] },
      { iss: 'https://acme.eu.auth0.com/', sub: 'auth0|1' },
      'auth0|1',
    ],
  ] as [string, Written, object, string][])('are known: %s', async (_, written, claims, subject) => {
    const told = await verdict(written, claims);
    expect(told.ok ? told.value.subject : told.refusal).toBe(subject);
  });

  it.each([
    ['Entra ID: another tenant in the name', many, { ...person, iss: v2.replace(tenant, stranger) }, 'unknown_issuer'],
    ['Entra ID: another tenant in tid', entra, { ...person, iss: v2, tid: stranger }, 'wrong_tenant'],
    ['Entra ID: no tid', entra, { ...person, iss: v2, tid: undefined }, 'wrong_tenant'],
    ['Entra ID: no oid', entra, { ...person, iss: v2, oid: undefined }, 'malformed'],
    ['Entra ID: v1 where v2 is configured', entra, { ...person, iss: v1 }, 'unknown_issuer'],
    ['Entra ID: v1 without its slash', { ...entra, issuer: v1 }, { ...person, iss: v1.slice(0, -1) }, 'unknown_issuer'],
    ['Entra ID: the placeholder itself', many, { ...person, iss: common, tid: '{tenantid}' }, 'unknown_issuer'],
    ['Entra ID: an application that says so', entra, { ...person, iss: v2, idtyp: 'app' }, 'not_a_person'],
    ['Entra ID: an application that says nothing (v2)', entra, { ...person, iss: v2, azp: 'c-1', roles: ['x'] }, 'not_a_person'],
    ['Entra ID: an application that says nothing (v1)', { ...entra, issuer: v1 }, { ...person, iss: v1, appid: 'c-1' }, 'not_a_person'],
    ['Entra ID: a token for Microsoft Graph', entra, { ...person, iss: v2, aud: '00000003-0000-0000-c000-000000000000' }, 'wrong_audience'],
    ['Okta: client credentials', okta, { iss: okta.issuer, sub: '0oa1', cid: '0oa1' }, 'not_a_person'],
    ['Okta: the org’s own server', okta, { iss: 'https://acme.okta.com', sub: 'alice' }, 'unknown_issuer'],
    [
      'Cognito: an access token of another client',
      cognito,
      { iss: pool, sub: 'c-1', token_use: 'access', client_id: 'other', aud: undefined },
      'wrong_audience',
    ],
    ['Cognito: an access token without client', cognito, { iss: pool, sub: 'c-1', token_use: 'access', aud: undefined }, 'malformed'],
    [
      'Cognito: an ID token without aud',
      cognito,
      { iss: pool, sub: 'c-1', token_use: 'id', client_id: 'gatehouse', aud: undefined },
      'malformed',
    ],
    ['Cognito: no token_use', cognito, { iss: pool, sub: 'c-1' }, 'malformed'],
    [
      'Cognito: client credentials',
      cognito,
      { iss: pool, sub: 'gatehouse', token_use: 'access', client_id: 'gatehouse', aud: undefined },
      'not_a_person',
    ],
    ['Google: an account of nobody’s domain', workspace, { iss: google, sub: '1081' }, 'wrong_tenant'],
    ['Google: another domain', workspace, { iss: google, sub: '1081', hd: 'example.org' }, 'wrong_tenant'],
    [
      'Google: a name that only resembles it',
      workspace,
      { iss: 'https://accounts.google.com/', sub: '1081', hd: 'example.com' },
      'unknown_issuer',
    ],
    [
      'Authentik: without its slash',
      { kind: 'authentik', issuer: authentik, audiences: ['gatehouse'] },
      { iss: authentik.slice(0, -1), sub: 'a' },
      'unknown_issuer',
    ],
    [
      'GitHub as if it were a person',
      { issuer: 'https://token.actions.githubusercontent.com', audiences: ['gatehouse'] },
      { iss: 'https://token.actions.githubusercontent.com', sub: 'repo:acme/app:ref:refs/heads/main' },
      'not_a_person',
    ],
    [
      'GitLab as if it were a person',
      { issuer: 'https://gitlab.com', audiences: ['gatehouse'] },
      { iss: 'https://gitlab.com', sub: 'project_path:acme/app:ref_type:branch:ref:main' },
      'not_a_person',
    ],
    [
      'plain OIDC without aud, though it names a client',
      { issuer: 'https://idp.example.com', audiences: ['gatehouse'] },
      { iss: 'https://idp.example.com', sub: 'a', token_use: 'access', client_id: 'gatehouse', aud: undefined },
      'malformed',
    ],
  ] as [string, Written, object, string][])('refuse %s', async (_, written, claims, reason) => {
    const told = await verdict(written, claims);
    expect(told.ok ? told.value.subject : told.refusal.reason).toBe(reason);
  });

  it.each([
    ['the tenant’s own name', v2, v2, 'accepted'],
    ['the placeholder', common, v2, 'accepted'],
    ['another tenant', v2.replace(tenant, stranger), v2, 'unknown_key'],
    ['version 2 for a token of version 1', common, v1, 'accepted'],
    ['another tenant for a token of version 1', v2.replace(tenant, stranger), v1, 'unknown_key'],
  ])('take a key of Entra ID that names %s as it says', async (_, keyIssuer, iss, result) => {
    const told = await verdict({ ...entra, issuer: iss }, { ...person, iss }, { key: { issuer: keyIssuer } });
    expect(told.ok ? 'accepted' : told.refusal.reason).toBe(result);
  });

  it.each(['HS256', 'ES256'])('refuse %s of an issuer that signs with RS256', async (alg) => {
    const told = await verdict(okta, { iss: okta.issuer, sub: 'alice' }, { alg });
    expect(told.ok ? 'accepted' : told.refusal).toMatchObject({ detail: 'algorithm is not one that this issuer uses' });
  });

  it('refuse HS256, which Authentik uses while no signing key is chosen', async () => {
    const told = await verdict(
      { kind: 'authentik', issuer: authentik, audiences: ['gatehouse'] },
      { iss: authentik, sub: 'a' },
      { alg: 'HS256' },
    );
    expect(told.ok ? 'accepted' : told.refusal.reason).toBe('malformed');
    expect(Issuer.safeParse({ issuer: authentik, audiences: ['gatehouse'], algorithms: ['HS256'] }).success).toBe(false);
  });

  it('keep one person one, whatever spelling their tokens use', async () => {
    const token = { sub: '1081', hd: 'example.com', jti: 'j-1' };
    const [one, two] = [
      await verdict(workspace, { ...token, iss: google }),
      await verdict(workspace, { ...token, iss: 'accounts.google.com' }),
    ];
    expect(one.ok && two.ok && [one.value.issuer.issuer, one.value.useHash]).toEqual(
      two.ok && [two.value.issuer.issuer, two.value.useHash],
    );
  });

  it('say where groups are, and when the list is not whole', async () => {
    const groups = Array.from({ length: 100 }, (_, index) => `g-${index}`);
    const found = async (written: Written, claims: object) => {
      const told = await verdict(written, claims);
      return told.ok ? [told.value.claims.groups?.length, told.value.groupsLeftOut] : told.refusal;
    };
    expect(await found(cognito, { iss: pool, sub: 'c', token_use: 'id', 'cognito:groups': ['a', 'b'] })).toEqual([2, undefined]);
    expect(await found(okta, { iss: okta.issuer, sub: 'a', groups: groups.slice(1) })).toEqual([99, undefined]);
    expect(await found(okta, { iss: okta.issuer, sub: 'a', groups })).toMatchObject([100, { detail: expect.stringContaining('cut off') }]);
    const elsewhere = { detail: 'too many groups for a token', entra: { tenant, object: oid } };
    expect(await found(entra, { ...person, iss: v2, _claim_names: { groups: 'src1' } })).toEqual([undefined, elsewhere]);
    expect(await found(entra, { ...person, iss: v2, hasgroups: true })).toEqual([undefined, elsewhere]);
    expect(await found(entra, { ...person, iss: v2, groups: ['g'] })).toEqual([1, undefined]);
  });

  it('lead to the right discovery document', () => {
    expect(discoveryUrl(common)).toBe('https://login.microsoftonline.com/organizations/v2.0/.well-known/openid-configuration');
    expect(discoveryUrl(v1)).toBe(`https://sts.windows.net/${tenant}/.well-known/openid-configuration`);
    expect(discoveryUrl(pool)).toBe(`${pool}/.well-known/openid-configuration`);
  });
});

describe('a profile', () => {
  it.each([
    ['every tenant of the world', { ...entra, issuer: common }, 'list yours'],
    ['tenants beside one tenant', { ...entra, tenants: [tenant] }, 'belongs to an issuer with {tenantid}'],
    ['a placeholder elsewhere', { issuer: 'https://idp.example.com/{tenantid}', audiences: ['a'] }, 'is for kind "entra"'],
    ['Authentik without a slash', { kind: 'authentik', issuer: authentik.slice(0, -1), audiences: ['a'] }, 'with a slash'],
    ['Auth0 without a slash', { kind: 'auth0', issuer: 'https://acme.eu.auth0.com', audiences: ['a'] }, 'with a slash'],
    ['Cognito with a slash', { ...cognito, issuer: `${pool}/` }, 'without a slash'],
    ['Google without a domain', { ...workspace, hosted_domain: undefined }, 'everybody with a Google account'],
    ['Google by another name', { ...workspace, issuer: 'https://google.com' }, 'https://accounts.google.com'],
    ['no audience', { ...okta, audiences: [] }, 'expected array to have >=1 items'],
  ])('is refused with a sentence: %s', (_, written, sentence) => {
    const told = Issuer.safeParse(written);
    expect(told.success ? 'taken' : told.error.issues.map(({ message }) => message).join()).toContain(sentence);
  });

  it('reads back as it was written out', () => {
    for (const written of [entra, many, okta, cognito, workspace])
      expect(Issuer.parse(Issuer.parse(written))).toEqual(Issuer.parse(written));
  });
});
