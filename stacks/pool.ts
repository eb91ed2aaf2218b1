/** The pool of people that a company without an identity provider gets, and how its ids come to whoever names them. */
import { app } from '@gatehouse/contracts/names';
import { newClientMark, newPoolMark } from '@gatehouse/core/new-pool';
import { publicUrl } from './origin.ts';
import { keep, keepData, profile, stage } from './stage.ts';

const made = profile.new_pool && makePool(profile.new_pool.sign_in_prefix);

/** @param text of the profile: the marks of the pool and of its client become their ids. */
export function withPool(text: string): $util.Input<string> {
  if (!made) return text;
  return $resolve([made.pool.id, made.client.id]).apply(([pool, client]) =>
    text.replaceAll(newPoolMark(profile.region), pool).replaceAll(newClientMark, client),
  );
}

/** Admins invite; nobody signs up. A second factor by an app is asked of everybody, and lost passwords are mended by e-mail. */
function makePool(prefix: string): { pool: aws.cognito.UserPool; client: aws.cognito.UserPoolClient } {
  const pool = new aws.cognito.UserPool(
    'People',
    {
      name: `${app}-${stage}`,
      userPoolTier: 'ESSENTIALS',
      usernameAttributes: ['email'],
      autoVerifiedAttributes: ['email'],
      usernameConfiguration: { caseSensitive: false },
      adminCreateUserConfig: { allowAdminCreateUserOnly: true },
      mfaConfiguration: 'ON',
      softwareTokenMfaConfiguration: { enabled: true },
      passwordPolicy: { minimumLength: 14, temporaryPasswordValidityDays: 3 },
      accountRecoverySetting: { recoveryMechanisms: [{ name: 'verified_email', priority: 1 }] },
      deletionProtection: keepData ? 'ACTIVE' : 'INACTIVE',
    },
    keep,
  );
  new aws.cognito.UserPoolDomain('PeopleSignIn', { domain: prefix, userPoolId: pool.id });
  const client = new aws.cognito.UserPoolClient('PeopleClient', {
    name: `${app}-${stage}`,
    userPoolId: pool.id,
    // The device page proves itself by PKCE (RFC 7636); a secret would have to be kept where none is needed.
    generateSecret: false,
    allowedOauthFlowsUserPoolClient: true,
    allowedOauthFlows: ['code'],
    allowedOauthScopes: ['openid', 'email', 'profile'],
    callbackUrls: [$interpolate`${publicUrl}/oauth/callback`],
    supportedIdentityProviders: ['COGNITO'],
    explicitAuthFlows: ['ALLOW_REFRESH_TOKEN_AUTH'],
    preventUserExistenceErrors: 'ENABLED',
    enableTokenRevocation: true,
  });
  return { pool, client };
}
