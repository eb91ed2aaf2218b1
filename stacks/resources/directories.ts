/** What it takes to read people from directories that are AWS's own. The others take a secret, and grant no power. */
import type { Directory } from '@gatehouse/core/people-profile';
import { withPool } from '../pool.ts';
import { accountId, partition, region } from '../stage.ts';
import type { Statement } from './permission.ts';

type Power = Statement<$util.Input<string>>;

export function directoryStatements(directories: readonly Directory[]): Power[] {
  return directories.flatMap((directory): Power[] => {
    if (directory.kind === 'cognito')
      return [
        {
          actions: ['cognito-idp:ListUsers', 'cognito-idp:ListUsersInGroup', 'cognito-idp:AdminListGroupsForUser'],
          resources: [$interpolate`arn:${partition}:cognito-idp:${region}:${accountId}:userpool/${withPool(directory.user_pool_id)}`],
        },
      ];
    if (directory.kind !== 'identity-center') return [];
    return [
      {
        actions: ['DescribeUser', 'DescribeGroup', 'ListUsers', 'ListGroupMemberships', 'ListGroupMembershipsForMember'].map(
          (action) => `identitystore:${action}`,
        ),
        // People, groups and memberships have ARNs without an account: the store bounds them.
        resources: [
          $interpolate`arn:${partition}:identitystore::${accountId}:identitystore/${directory.identity_store_id}`,
          ...['user', 'group', 'membership'].map((kind) => $interpolate`arn:${partition}:identitystore:::${kind}/*`),
        ],
      },
    ];
  });
}
