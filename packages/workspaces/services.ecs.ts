/** The ECS services behind Coder's workspaces, by the names that the profile's pattern gives them. Sets the desired count to 0 and reads; it deletes nothing. */
import type { HostsConfig } from '@gatehouse/core/homes-profile';
import { awsJson } from '@gatehouse/runtime/aws-call';
import { Unavailable } from '@gatehouse/runtime/fault';
import * as z from 'zod';
import { answered } from './refusal.aws.ts';

export interface Service {
  name: string;
  desired: number;
  running: number;
  pending: number;
}

const Services = z.object({
  services: z.array(
    z.object({
      serviceName: z.string(),
      status: z.string(),
      desiredCount: z.int(),
      runningCount: z.int(),
      pendingCount: z.int(),
    }),
  ),
  failures: z.array(z.object({ reason: z.string().nullish(), arn: z.string().nullish() })).default([]),
});
const Tasks = z.object({ taskArns: z.array(z.string()) });

const what = 'ECS';
/** DescribeServices takes no more at once. */
const atOnce = 10;

/** Those that are there: a service that is MISSING or INACTIVE is none. @throws Throttled, Unavailable, Misconfigured */
export async function servicesOf({ cluster, service }: HostsConfig, workspaceIds: readonly string[]): Promise<Service[]> {
  const names = workspaceIds.map((id) => service.replace('{workspace_id}', id));
  const there: Service[] = [];
  for (let at = 0; at < names.length; at += atOnce) {
    const input = { cluster, services: names.slice(at, at + atOnce) };
    const { services, failures } = Services.parse(await answered(what, awsJson('ecs', 'DescribeServices', input)));
    const unread = failures.find(({ reason }) => reason !== 'MISSING');
    if (unread) throw new Unavailable(`ECS did not tell of a service: ${unread.reason ?? 'no reason given'}`);
    for (const { serviceName, status, desiredCount, runningCount, pendingCount } of services)
      if (status !== 'INACTIVE' && names.includes(serviceName))
        there.push({ name: serviceName, desired: desiredCount, running: runningCount, pending: pendingCount });
  }
  return there;
}

/** A stopped task is replaced by the service's scheduler: only the count ends it. Also when the service is gone. */
export async function scaleDown({ cluster }: HostsConfig, name: string): Promise<void> {
  const input = { cluster, service: name, desiredCount: 0 };
  await answered(what, awsJson('ecs', 'UpdateService', input), ['ServiceNotFoundException', 'ServiceNotActiveException']);
}

/** Tasks that are not stopped. The counts of a service lag behind its tasks, and the other way round: both are looked at. */
export async function tasksOf({ cluster }: HostsConfig, name: string): Promise<number> {
  const input = { cluster, serviceName: name };
  const answer = await answered(what, awsJson('ecs', 'ListTasks', input), ['ServiceNotFoundException']);
  return answer === undefined ? 0 : Tasks.parse(answer).taskArns.length;
}
