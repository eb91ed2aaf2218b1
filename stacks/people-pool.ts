/** The pool of people that a company without an identity provider gets. */
import { app } from '@gatehouse/contracts/names';
import { keep, keepData, profile, stage } from './stage.ts';

export const peoplePool = profile.new_pool && makePool(profile.new_pool.sign_in_prefix);

/** Admins invite; nobody signs up. A second factor by an app is asked of everybody, and lost passwords are mended by e-mail. */
function makePool(prefix: string): aws.cognito.UserPool {
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
  return pool;
}
