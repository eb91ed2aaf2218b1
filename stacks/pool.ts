/** Gatehouse's client in the pool that is made, and how the ids of both come to whoever names them. */
import { app } from '@gatehouse/contracts/names';
import { newClientMark, newPoolMark } from '@gatehouse/core/new-pool';
import { publicUrl } from './origin.ts';
import { peoplePool } from './people-pool.ts';
import { profile, stage } from './stage.ts';

const made = peoplePool && { pool: peoplePool, client: clientOf(peoplePool) };

/** @param text of the profile: the marks of the pool and of its client become their ids. */
export function withPool(text: string): $util.Input<string> {
  if (!made) return text;
  return $resolve([made.pool.id, made.client.id]).apply(([pool, client]) =>
    text.replaceAll(newPoolMark(profile.region), pool).replaceAll(newClientMark, client),
  );
}

function clientOf(pool: aws.cognito.UserPool): aws.cognito.UserPoolClient {
  return new aws.cognito.UserPoolClient('PeopleClient', {
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
}
