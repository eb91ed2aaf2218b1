/** Which directory is the truth about an issuer's people, as the profile says. Each kind is loaded on first use. */
import type { Directory as Configured, PeopleConfig } from '@gatehouse/core/people-profile';
import type { Directory } from './truth.ts';

/** What a function needs to reach every directory. */
export interface Reach {
  TABLE_PEOPLE: string;
  CONFIG: PeopleConfig;
  SECRET_DIRECTORY_TOKEN_ARN: string;
  SECRET_GRAPH_CLIENT_ARN: string;
}

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
    case 'scim': {
      const { heldDirectory } = await import('./scim/held.directory.ts');
      const { subject = 'external_id', prefix = '' } = reach.CONFIG.scim ?? {};
      return heldDirectory({ issuer: configured.issuer, table: reach.TABLE_PEOPLE, rule: { subject, prefix } });
    }
  }
}
