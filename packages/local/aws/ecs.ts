/**
 * ECS of the embedded stack: one cluster, a service for each workspace that Coder's template has made, and its one task. A task that is stopped is
 * replaced while the desired count is 1; one that has to end gets thirty seconds to. Nobody creates services here but Coder.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { readDocument, writeDocument } from '../durable-file.ts';
import type { Workload } from '../workloads.ts';
import { AwsError, type AwsService, account, region } from './service.ts';

interface Kept {
  /** Workspace -> what a caller has set since its latest start. Milliseconds. */
  scaled: [string, { desired: number; at: number }][];
  /** Workspace -> when a caller stopped its task. */
  stopped: [string, number][];
}

export interface Ecs {
  service: AwsService;
  /** Whether its task runs now; Coder's agent is in it. */
  runs(workload: Workload): boolean;
}

export interface EcsOptions {
  clock: Clock;
  cluster: string;
  /** The names of services, with `{workspace_id}`. */
  service: string;
  workloads(): readonly Workload[];
  path?: string;
}

/** SIGTERM, then SIGKILL; and until the scheduler has started another one. */
const endingMs = 30_000;
const replacingMs = 10_000;
const pageSize = 100;
const describable = 10;

interface Live {
  workload: Workload;
  name: string;
  arn: string;
  desired: number;
  /** The task that runs, or is ending. */
  task: { arn: string; startedMs: number } | undefined;
  pending: number;
}

export function createEcs({ clock, cluster, service: pattern, workloads, path }: EcsOptions): Ecs {
  const kept = (path === undefined ? undefined : (readDocument(path) as Kept | undefined)) ?? { scaled: [], stopped: [] };
  const scaled = new Map(kept.scaled);
  const stopped = new Map(kept.stopped);
  const clusterArn = arnOf('cluster', cluster);

  function save(): void {
    if (path !== undefined) writeDocument(path, { scaled: [...scaled], stopped: [...stopped] } satisfies Kept);
  }

  function liveOf(workload: Workload): Live {
    const name = pattern.replace('{workspace_id}', workload.workspaceId);
    const now = clock.now();
    const own = scaled.get(workload.workspaceId);
    const began = workload.startedMs;
    // A start by Coder sets the count anew, as its template does.
    const set = own && (began === undefined || own.at >= began) ? own : undefined;
    const desired = began === undefined ? 0 : (set?.desired ?? 1);
    const stop = stopped.get(workload.workspaceId);
    const replacedMs = began !== undefined && stop !== undefined && stop >= began ? stop + replacingMs : began;
    const isEnding = set?.desired === 0 && now < set.at + endingMs;
    const hasTask = replacedMs !== undefined && now >= replacedMs && (desired > 0 || isEnding);
    const id = createHash('sha256').update(`task:${workload.workspaceId}:${replacedMs}`).digest('hex').slice(0, 32);
    return {
      workload,
      name,
      arn: arnOf('service', `${cluster}/${name}`),
      desired,
      task: hasTask ? { arn: arnOf('task', `${cluster}/${id}`), startedMs: replacedMs } : undefined,
      pending: desired > 0 && !hasTask ? 1 : 0,
    };
  }
  const live = () => workloads().flatMap((workload) => (workload.isThere ? [liveOf(workload)] : []));

  function inCluster(given: unknown): void {
    if (given !== cluster && given !== clusterArn) throw new AwsError('ClusterNotFoundException', 'Cluster not found.');
  }
  function named(given: unknown): Live | undefined {
    return live().find(({ name, arn }) => given === name || given === arn);
  }
  function shown({ name, arn, desired, task, pending, workload }: Live) {
    return {
      serviceArn: arn,
      serviceName: name,
      clusterArn,
      status: 'ACTIVE',
      desiredCount: desired,
      runningCount: task ? 1 : 0,
      pendingCount: pending,
      launchType: 'FARGATE',
      deployments: [],
      events: [],
      tags: [
        { key: 'coder_owner_id', value: workload.ownerId },
        { key: 'coder_workspace_id', value: workload.workspaceId },
      ],
    };
  }
  function shownTask({ task, name, desired }: Live) {
    return {
      taskArn: task?.arn,
      clusterArn,
      group: `service:${name}`,
      lastStatus: 'RUNNING',
      desiredStatus: desired > 0 ? 'RUNNING' : 'STOPPED',
      launchType: 'FARGATE',
      startedAt: (task?.startedMs ?? 0) / 1000,
      startedBy: name,
    };
  }

  return {
    runs: (workload) => liveOf(workload).task !== undefined,
    service: {
      targets: ['AmazonEC2ContainerServiceV20141113'],
      json: '1.1',
      operations: {
        ListServices(input) {
          inCluster(input.cluster);
          const { page, nextToken } = paged(
            live().map(({ arn }) => arn),
            input,
          );
          return { serviceArns: page, nextToken };
        },
        DescribeServices(input) {
          inCluster(input.cluster);
          const names: unknown[] = Array.isArray(input.services) ? input.services : [];
          if (names.length < 1 || names.length > describable)
            throw new AwsError('InvalidParameterException', 'Services holds 1 to 10 names.');
          return {
            services: names.flatMap((name) => {
              const found = named(name);
              return found ? [shown(found)] : [];
            }),
            failures: names
              .filter((name) => !named(name))
              .map((name) => ({ arn: arnOf('service', `${cluster}/${String(name)}`), reason: 'MISSING' })),
          };
        },
        UpdateService(input) {
          inCluster(input.cluster);
          const found = named(input.service);
          if (!found) throw new AwsError('ServiceNotFoundException', 'Service not found.');
          const { desiredCount } = input;
          if (desiredCount !== undefined) {
            if (desiredCount !== 0 && desiredCount !== 1)
              throw new AwsError('InvalidParameterException', 'The embedded stack runs none or one task of a service.');
            if (found.workload.startedMs === undefined && desiredCount > 0)
              throw new AwsError('InvalidParameterException', 'In the embedded stack a stopped workspace is started by Coder.');
            scaled.set(found.workload.workspaceId, { desired: desiredCount, at: clock.now() });
            save();
          }
          return { service: shown(named(input.service) ?? found) };
        },
        ListTasks(input) {
          inCluster(input.cluster);
          if (input.serviceName !== undefined && !named(input.serviceName))
            throw new AwsError('ServiceNotFoundException', 'Service not found.');
          const wanted = live().filter((one) => input.serviceName === undefined || [one.name, one.arn].includes(input.serviceName));
          const { page, nextToken } = paged(
            wanted.flatMap(({ task }) => (task ? [task.arn] : [])),
            input,
          );
          return { taskArns: page, nextToken };
        },
        DescribeTasks(input) {
          inCluster(input.cluster);
          const wanted: unknown[] = Array.isArray(input.tasks) ? input.tasks : [];
          const found = live().filter(({ task }) => task && wanted.some((id) => id === task.arn || task.arn.endsWith(`/${String(id)}`)));
          return { tasks: found.map(shownTask), failures: [] };
        },
        StopTask(input) {
          inCluster(input.cluster);
          const found = live().find(({ task }) => task && (input.task === task.arn || task.arn.endsWith(`/${String(input.task)}`)));
          if (!found) throw new AwsError('InvalidParameterException', 'The referenced task was not found.');
          stopped.set(found.workload.workspaceId, clock.now());
          save();
          return { task: { ...shownTask(found), desiredStatus: 'STOPPED', stopCode: 'UserInitiated' } };
        },
      },
    },
  };
}

function arnOf(kind: string, rest: string): string {
  return `arn:aws:ecs:${region}:${account}:${kind}/${rest}`;
}

function paged(arns: readonly string[], { nextToken, maxResults }: { nextToken?: unknown; maxResults?: unknown }) {
  const rest = [...arns].sort().filter((arn) => typeof nextToken !== 'string' || arn > nextToken);
  const page = rest.slice(0, Math.min(Number(maxResults ?? pageSize), pageSize));
  return { page, nextToken: page.length < rest.length ? page.at(-1) : undefined };
}
