/** What workspaces run on in AWS, put together: ECS, EFS and AWS Backup over what Coder's template has made. It decides nothing about any of them. */
import type { WorkspacesConfig } from '@gatehouse/core/workspaces-profile';
import { createBackup } from './aws/backup/backup.ts';
import { createEcs } from './aws/ecs.ts';
import { createEfs } from './aws/efs.ts';
import type { WholeService } from './aws/endpoint.ts';
import { type AwsService, account, region } from './aws/service.ts';
import type { Clock } from './clock.ts';
import type { Workload } from './workloads.ts';

export interface Platform {
  services: readonly AwsService[];
  whole: readonly WholeService[];
  /** Whether the task of a workspace runs. */
  runs(workload: Workload): boolean;
  close(): void;
}

export interface PlatformOptions {
  clock: Clock;
  /** The profile's part: its file system, vault and cluster are there, and nothing else is. */
  workspaces: WorkspacesConfig;
  workloads(): readonly Workload[];
  publish(event: object): void;
  /** Where a part keeps its state; in memory when absent. */
  at?(name: string): string;
}

/** Lists are read page by page, and a wave of leavers reads them at once: for so long it is the same one. No build is that quick. */
const sameMs = 50;

export function createPlatform({ clock, workspaces: { homes, ecs: hosts }, publish, at, ...options }: PlatformOptions): Platform {
  let listed: { at: number; workloads: readonly Workload[] } | undefined;
  const workloads = () => {
    const now = clock.now();
    if (!listed || now < listed.at || now - listed.at > sameMs) listed = { at: now, workloads: options.workloads() };
    return listed.workloads;
  };
  const pathOf = (name: string) => (at ? { path: at(name) } : {});
  const fileSystems = homes ? [homes.file_system] : [];
  const efs = createEfs({ clock, fileSystems, workloads, ...pathOf('efs.json') });
  const backup = createBackup({
    clock,
    vaults: homes ? [homes.vault] : [],
    isThere: (arn) => fileSystems.some((id) => arn === `arn:aws:elasticfilesystem:${region}:${account}:file-system/${id}`),
    publish,
    ...pathOf('backup.json'),
  });
  const ecs = hosts && createEcs({ clock, ...hosts, workloads, ...pathOf('ecs.json') });
  return {
    services: ecs ? [ecs.service] : [],
    whole: [efs, backup],
    runs: (workload) => ecs?.runs(workload) ?? true,
    close: () => backup.close(),
  };
}
