/** What IAM is asked about for a call of ECS: services and tasks by their ARNs within the cluster. */
import type { Asked } from './access-dynamo.ts';
import { account, region } from './service.ts';

export function ecsRequests(operation: string, input: Readonly<Record<string, unknown>>): Asked[] {
  const cluster = nameOf(input.cluster ?? 'default');
  const on = (kind: string, name: unknown): Asked => ({
    action: `ecs:${operation}`,
    resource: `arn:aws:ecs:${region}:${account}:${kind}/${cluster}/${nameOf(name)}`,
  });
  switch (operation) {
    case 'DescribeServices':
      return (Array.isArray(input.services) ? input.services : []).map((name) => on('service', name));
    case 'UpdateService':
      return [on('service', input.service)];
    case 'DescribeTasks':
      return (Array.isArray(input.tasks) ? input.tasks : []).map((name) => on('task', name));
    case 'StopTask':
      return [on('task', input.task)];
    case 'ListTasks':
      // Without a container instance IAM is asked about all of the cluster's.
      return [on('container-instance', input.containerInstance ?? '*')];
    default:
      return [{ action: `ecs:${operation}`, resource: '*' }];
  }
}

function nameOf(reference: unknown): string {
  const text = String(reference);
  return text.slice(text.lastIndexOf('/') + 1);
}
