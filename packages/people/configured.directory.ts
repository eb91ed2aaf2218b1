/** Which directory is the truth about an issuer's people, as the profile says. Each kind is loaded on first use. */
import { type Directory as Configured, PeopleConfig } from '@gatehouse/core/people-profile';
import { json } from '@gatehouse/runtime/environment';
import * as z from 'zod';
import type { Directory } from './truth.ts';

/** The environment of each function that reads directories. A secret that the profile does not use has an empty ARN, and is never read. */
export const reach = {
  TABLE_PEOPLE: z.string(),
  CONFIG: json(PeopleConfig),
  SECRET_DIRECTORY_TOKEN_ARN: z.string(),
  SECRET_GRAPH_CLIENT_ARN: z.string(),
  SECRET_AUTH0_CLIENT_ARN: z.string(),
  SECRET_GOOGLE_ACCOUNT_ARN: z.string(),
};
const Reach = z.object(reach);
export type Reach = z.infer<typeof Reach>;

export function isDirectory({ CONFIG }: Pick<Reach, 'CONFIG'>, issuer: string): boolean {
  return CONFIG.directory.some((one) => one.issuer === issuer);
}

/** Undefined for an issuer whose tokens are all that is known about its people. */
export async function directoryOf(reach: Reach, issuer: string): Promise<Directory | undefined> {
  const found = reach.CONFIG.directory.find((one) => one.issuer === issuer);
  return found && open(reach, found);
}

export async function everyDirectory(reach: Reach): Promise<Directory[]> {
  return Promise.all(reach.CONFIG.directory.map((one) => open(reach, one)));
}

async function open(reach: Reach, configured: Configured): Promise<Directory> {
  switch (configured.kind) {
    case 'okta': {
      const { oktaDirectory } = await import('./okta.directory.ts');
      return oktaDirectory({ ...configured, tokenArn: reach.SECRET_DIRECTORY_TOKEN_ARN });
    }
    case 'entra': {
      const { entraDirectory } = await import('./entra.directory.ts');
      return entraDirectory({ ...configured, secretArn: reach.SECRET_GRAPH_CLIENT_ARN });
    }
    case 'cognito': {
      const { cognitoDirectory } = await import('./cognito.directory.ts');
      return cognitoDirectory(configured);
    }
    case 'identity-center': {
      const { identityCenterDirectory } = await import('./identity-center.directory.ts');
      return identityCenterDirectory(configured);
    }
    case 'auth0': {
      const { auth0Directory } = await import('./auth0.directory.ts');
      return auth0Directory({ ...configured, secretArn: reach.SECRET_AUTH0_CLIENT_ARN });
    }
    case 'google': {
      const { googleDirectory } = await import('./google.directory.ts');
      return googleDirectory({ ...configured, keyArn: reach.SECRET_GOOGLE_ACCOUNT_ARN });
    }
    case 'scim': {
      const { heldDirectory } = await import('./scim/held.directory.ts');
      const { subject = 'external_id', prefix = '' } = reach.CONFIG.scim ?? {};
      return heldDirectory({ issuer: configured.issuer, table: reach.TABLE_PEOPLE, rule: { subject, prefix } });
    }
  }
}
