/** What it takes of AWS to look after homes and hosts: explicit actions on the profile's own resources. Grants nothing itself; the stacks and the embedded IAM do. */
import type { HomesConfig, HostsConfig } from './homes-profile.ts';

/** `find` reads; `back-up` also starts backups and looks at them; `delete` also looks at a backup and deletes access points that have an owner. */
export type HomesUse = 'find' | 'back-up' | 'delete';
/** `look` reads; `stop` also sets the desired count. */
export type HostsUse = 'look' | 'stop';

export interface Power<A> {
  actions: string[];
  resources: A[];
  conditions?: { test: string; variable: string; values: string[] }[];
}

/** `A` is how the caller writes an ARN of its own account and region. */
type ArnOf<A> = (service: string, rest: string) => A;

export function homesPower<A>(homes: HomesConfig, use: HomesUse, arn: ArnOf<A>): Power<A | string>[] {
  const found: Power<A | string> = {
    actions: ['elasticfilesystem:DescribeAccessPoints'],
    resources: [arn('elasticfilesystem', `file-system/${homes.file_system}`)],
  };
  const kept: Power<A | string> = { actions: ['backup:DescribeRecoveryPoint'], resources: [arn('backup', 'recovery-point:*')] };
  if (use === 'find') return [found];
  if (use === 'delete')
    return [
      found,
      kept,
      {
        actions: ['elasticfilesystem:DeleteAccessPoint'],
        resources: [arn('elasticfilesystem', 'access-point/*')],
        conditions: [{ test: 'StringLike', variable: `aws:ResourceTag/${homes.owner_tag}`, values: ['?*'] }],
      },
    ];
  return [
    found,
    kept,
    { actions: ['backup:StartBackupJob'], resources: [arn('backup', `backup-vault:${homes.vault}`)] },
    // AWS Backup knows no resource for a job (Service Authorization Reference, "Actions defined by AWS Backup").
    { actions: ['backup:DescribeBackupJob'], resources: ['*'] },
    {
      actions: ['iam:PassRole'],
      resources: [homes.role_arn],
      conditions: [{ test: 'StringEquals', variable: 'iam:PassedToService', values: ['backup.amazonaws.com'] }],
    },
  ];
}

export function hostsPower<A>({ cluster, service }: HostsConfig, use: HostsUse, arn: ArnOf<A>): Power<A>[] {
  const services = [arn('ecs', `service/${cluster}/${service.replace('{workspace_id}', '*')}`)];
  return [
    { actions: ['ecs:DescribeServices', ...(use === 'stop' ? ['ecs:UpdateService'] : [])], resources: services },
    {
      // Asked about without a container instance, ECS authorises it by the cluster's container instances, and this key bounds it.
      actions: ['ecs:ListTasks'],
      resources: [arn('ecs', `container-instance/${cluster}/*`)],
    },
  ];
}
