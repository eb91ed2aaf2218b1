/**
 * What an event of ECS, AWS Backup or Step Functions means for the platform: a count of few metrics, or nothing and why. Pure.
 * @see "Amazon ECS events", "Monitoring AWS Backup events", "Step Functions event examples" in their guides
 */
import * as z from 'zod';

export interface PlatformEvent {
  source: string;
  'detail-type': string;
  detail: unknown;
}

/** Names in this capability's surface. */
export type PlatformMetric = 'EcsServiceTrouble' | 'EcsDeploymentsFailed' | 'BackupsFailed' | 'MachinesFailed';

export type Meaning =
  | { word: 'counts'; metric: PlatformMetric; properties: Readonly<Record<string, string>> }
  | { word: 'nothing'; because: string };

const nothing = (because: string): Meaning => ({ word: 'nothing', because });

const Task = z.object({
  clusterArn: z.string(),
  group: z.string().optional(),
  lastStatus: z.string(),
  stopCode: z.string().optional(),
  stoppedReason: z.string().optional(),
  taskArn: z.string(),
});
const ServiceAction = z.object({ clusterArn: z.string(), eventType: z.string(), eventName: z.string() });
const Deployment = z.object({ eventType: z.string(), eventName: z.string(), reason: z.string().optional() });
const Backup = z.object({
  state: z.string(),
  resourceType: z.string().optional(),
  backupJobId: z.string().optional(),
  restoreJobId: z.string().optional(),
});
const Execution = z.object({ status: z.string(), stateMachineArn: z.string(), executionArn: z.string() });

/** A person or the scheduler ended these: no trouble. */
const asked = new Set(['UserInitiated', 'ServiceSchedulerInitiated', 'SpotInterruption', 'TerminationNotice']);

/** @param clusters names of those that are watched. @param resources ARNs of the event, for what its detail does not name. */
export function meaningOf(event: PlatformEvent, clusters: readonly string[], resources: readonly string[] = []): Meaning {
  switch (`${event.source} ${event['detail-type']}`) {
    case 'aws.ecs ECS Task State Change':
      return task(Task.safeParse(event.detail), clusters);
    case 'aws.ecs ECS Service Action':
      return serviceAction(ServiceAction.safeParse(event.detail), clusters);
    case 'aws.ecs ECS Deployment State Change':
      return deployment(Deployment.safeParse(event.detail), clusters, resources);
    case 'aws.backup Backup Job State Change':
    case 'aws.backup Restore Job State Change':
      return backup(Backup.safeParse(event.detail));
    case 'aws.states Step Functions Execution Status Change':
      return execution(Execution.safeParse(event.detail));
    default:
      return nothing(`${event['detail-type']} of ${event.source} is not watched`);
  }
}

type Parsed<S extends z.ZodType> = z.ZodSafeParseResult<z.infer<S>>;
const unreadable = ({ error }: { error: z.ZodError }): Meaning => nothing(`it cannot be read: ${z.prettifyError(error)}`);

function task(parsed: Parsed<typeof Task>, clusters: readonly string[]): Meaning {
  if (!parsed.success) return unreadable(parsed);
  const { clusterArn, group = '', lastStatus, stopCode = '', stoppedReason = '', taskArn } = parsed.data;
  if (!watched(clusterArn, clusters)) return nothing('another cluster');
  if (lastStatus !== 'STOPPED') return nothing(`the task is ${lastStatus}`);
  if (asked.has(stopCode)) return nothing(`it was stopped on purpose: ${stopCode}`);
  return { word: 'counts', metric: 'EcsServiceTrouble', properties: { group, task: taskArn, stop_code: stopCode, reason: stoppedReason } };
}

function serviceAction(parsed: Parsed<typeof ServiceAction>, clusters: readonly string[]): Meaning {
  if (!parsed.success) return unreadable(parsed);
  const { clusterArn, eventType, eventName } = parsed.data;
  if (!watched(clusterArn, clusters)) return nothing('another cluster');
  if (eventType === 'INFO') return nothing(`${eventName} is as it should be`);
  return { word: 'counts', metric: 'EcsServiceTrouble', properties: { event_name: eventName, event_type: eventType } };
}

function deployment(parsed: Parsed<typeof Deployment>, clusters: readonly string[], resources: readonly string[]): Meaning {
  if (!parsed.success) return unreadable(parsed);
  const [service = ''] = resources;
  if (!watched(service, clusters)) return nothing('another cluster');
  const { eventName, reason = '' } = parsed.data;
  if (eventName !== 'SERVICE_DEPLOYMENT_FAILED') return nothing(`${eventName} is as it should be`);
  return { word: 'counts', metric: 'EcsDeploymentsFailed', properties: { service, reason } };
}

function backup(parsed: Parsed<typeof Backup>): Meaning {
  if (!parsed.success) return unreadable(parsed);
  const { state, resourceType = '', backupJobId, restoreJobId } = parsed.data;
  if (!['FAILED', 'ABORTED', 'EXPIRED', 'PARTIAL'].includes(state)) return nothing(`the job is ${state}`);
  return {
    word: 'counts',
    metric: 'BackupsFailed',
    properties: { job: backupJobId ?? restoreJobId ?? '', resource_type: resourceType, job_state: state },
  };
}

function execution(parsed: Parsed<typeof Execution>): Meaning {
  if (!parsed.success) return unreadable(parsed);
  const { status, stateMachineArn, executionArn } = parsed.data;
  if (!['FAILED', 'TIMED_OUT', 'ABORTED'].includes(status)) return nothing(`the execution is ${status}`);
  return {
    word: 'counts',
    metric: 'MachinesFailed',
    properties: { execution: executionArn, machine: stateMachineArn.split(':').at(-1) ?? '', execution_status: status },
  };
}

/** `arn:...:cluster/NAME` or `arn:...:service/CLUSTER/SERVICE`. */
function watched(arn: string, clusters: readonly string[]): boolean {
  return clusters.includes(arn.split('/')[1] ?? '');
}
