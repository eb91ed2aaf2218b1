/** The company's OpenID Connect provider: authorization code with PKCE, device flow and refresh, for whoever the directory calls active. Issues nothing to anyone else. */
import type { JWK } from 'jose';
import { type Account, type ClientMetadata, type Configuration, interactionPolicy, type KoaContextWithOIDC, Provider } from 'oidc-provider';
import { createArtifacts } from './artifacts.ts';
import type { Directory, Person } from './directory.ts';
import { audience, idTokenSeconds } from './id-token.ts';
import { escapeHtml, page } from './pages.ts';

export interface OidcOptions {
  issuer: string;
  directory: Directory;
  /** Stack time in milliseconds. */
  now(): number;
  key: JWK;
  /** Loopback addresses match on any port (RFC 8252 section 7.3). */
  redirectUris: readonly string[];
  /** Absent: the client is public and PKCE is all it has. */
  clientSecret?: string;
}

export function createProvider(options: OidcOptions): Provider {
  const { directory } = options;

  function findAccount(_ctx: KoaContextWithOIDC, sub: string): Account | undefined {
    const person = directory.find(sub);
    return person?.status === 'ACTIVE' ? account(directory, person) : undefined;
  }

  const configuration: Configuration = {
    adapter: createArtifacts(options.now),
    clients: [client(options)],
    jwks: { keys: [options.key] },
    findAccount,
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username'], groups: ['groups'] },
    scopes: ['openid', 'offline_access', 'email', 'profile', 'groups'],
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    loadExistingGrant: grantEverything,
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}`, policy: signInPolicy() },
    cookies: { keys: [options.key.kid ?? 'cookies'] },
    clientBasedCORS: () => false,
    ttl: {
      AccessToken: 3600,
      AuthorizationCode: 60,
      DeviceCode: 600,
      IdToken: idTokenSeconds,
      RefreshToken: 7 * 24 * 3600,
      Interaction: 3600,
      Session: 8 * 3600,
      Grant: 14 * 24 * 3600,
    },
    routes: {
      authorization: '/oauth2/v1/authorize',
      token: '/oauth2/v1/token',
      jwks: '/oauth2/v1/keys',
      userinfo: '/oauth2/v1/userinfo',
      device_authorization: '/oauth2/v1/device/authorize',
      code_verification: '/activate',
      revocation: '/oauth2/v1/revoke',
      end_session: '/oauth2/v1/logout',
    },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      resourceIndicators: { enabled: false },
      revocation: { enabled: true, allowedPolicy: (_ctx, caller, token) => token.clientId === caller.clientId },
      deviceFlow: { enabled: true, userCodeInputSource, userCodeConfirmSource, successSource },
    },
    renderError: (ctx, out) => {
      ctx.type = 'html';
      ctx.body = page('That did not work', `<p class="refusal">${escapeHtml(out.error_description ?? out.error)}</p>`);
    },
  };
  return new Provider(options.issuer, configuration);
}

function client(options: OidcOptions): ClientMetadata {
  return {
    client_id: audience,
    client_name: 'Gatehouse',
    application_type: 'native',
    redirect_uris: [...options.redirectUris],
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    ...(options.clientSecret === undefined
      ? { token_endpoint_auth_method: 'none' }
      : { token_endpoint_auth_method: 'client_secret_basic', client_secret: options.clientSecret }),
  };
}

function account(directory: Directory, person: Person): Account {
  return {
    accountId: person.id,
    claims: () => ({
      sub: person.id,
      email: person.email,
      email_verified: true,
      name: person.name,
      preferred_username: person.email,
      groups: directory.groupsOf(person).map((group) => group.name),
    }),
  };
}

/** Consent is the company's, not the person's: what the client asks for is granted without a page. */
async function grantEverything(ctx: KoaContextWithOIDC) {
  const { client: asking, session, provider, params } = ctx.oidc;
  const accountId = session?.accountId;
  if (!asking || !session || accountId === undefined) return undefined;
  const known = session.grantIdFor(asking.clientId);
  const grant =
    (known === undefined ? undefined : await provider.Grant.find(known)) ?? new provider.Grant({ clientId: asking.clientId, accountId });
  grant.addOIDCScope(typeof params?.scope === 'string' ? params.scope : 'openid');
  await grant.save();
  return grant;
}

/** A browser that is still signed in as somebody who may not sign in any more is asked again. */
function signInPolicy() {
  const policy = interactionPolicy.base();
  const gone = new interactionPolicy.Check('account_gone', 'The signed-in person may not sign in any more', (ctx) =>
    Boolean(ctx.oidc.session?.accountId && !ctx.oidc.entities.Account),
  );
  policy.get('login')?.checks.add(gone);
  return policy;
}

function userCodeInputSource(ctx: KoaContextWithOIDC, form: string, _out: unknown, error: unknown): void {
  const said = error ? '<p class="refusal">That code is not one that is waiting.</p>' : '<p>Enter the code that your device shows.</p>';
  ctx.body = page('Connect a device', `${said}${form}<button type="submit" form="op.deviceInputForm">Continue</button>`);
}

function userCodeConfirmSource(ctx: KoaContextWithOIDC, form: string, _client: unknown, _device: unknown, userCode: string): void {
  ctx.body = page(
    'Is this your device?',
    `<p>It should show <strong>${escapeHtml(userCode)}</strong>.</p>${form}
<button type="submit" form="op.deviceConfirmForm">Yes, continue</button>
<button type="submit" form="op.deviceConfirmForm" name="abort" value="yes">No</button>`,
  );
}

function successSource(ctx: KoaContextWithOIDC): void {
  ctx.body = page('Signed in', '<p>Your device is signed in. You can close this page.</p>');
}
