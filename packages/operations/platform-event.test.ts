/** What the platform's events count as: each in AWS's own shape, with one field changed. */
import { describe, expect, it } from 'vitest';
import { meaningOf, type PlatformEvent } from './platform-event.ts';

const task: PlatformEvent = {
  source: 'aws.ecs',
  'detail-type': 'ECS Task State Change',
  detail: {
    clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/workspaces',
    group: 'service:coder',
    lastStatus: 'STOPPED',
    desiredStatus: 'STOPPED',
    stopCode: 'EssentialContainerExited',
    stoppedReason: 'Essential container in task exited',
    taskArn: 'arn:aws:ecs:us-east-1:000000000000:task/workspaces/1',
    version: 6,
  },
};
const service: PlatformEvent = {
  source: 'aws.ecs',
  'detail-type': 'ECS Service Action',
  detail: {
    clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/workspaces',
    eventType: 'WARN',
    eventName: 'SERVICE_TASK_START_IMPAIRED',
  },
};
const deployment: PlatformEvent = {
  source: 'aws.ecs',
  'detail-type': 'ECS Deployment State Change',
  detail: { eventType: 'ERROR', eventName: 'SERVICE_DEPLOYMENT_FAILED', deploymentId: 'ecs-svc/1', reason: 'circuit breaker' },
};
const backup: PlatformEvent = {
  source: 'aws.backup',
  'detail-type': 'Backup Job State Change',
  detail: { backupJobId: 'job', state: 'FAILED', resourceType: 'EFS' },
};
const execution: PlatformEvent = {
  source: 'aws.states',
  'detail-type': 'Step Functions Execution Status Change',
  detail: {
    executionArn: 'arn:aws:states:us-east-1:000000000000:execution:gatehouse-prod-offboarding:1',
    stateMachineArn: 'arn:aws:states:us-east-1:000000000000:stateMachine:gatehouse-prod-offboarding',
    status: 'FAILED',
    startDate: 1,
    stopDate: 2,
  },
};
const here = ['arn:aws:ecs:us-east-1:000000000000:service/workspaces/coder'];

function changed(event: PlatformEvent, change: object): PlatformEvent {
  return { ...event, detail: { ...(event.detail as object), ...change } };
}
const read = (event: PlatformEvent) => meaningOf(event, ['workspaces'], here);

describe('counts', () => {
  it.each([
    ['a container that ended by itself', task, 'EcsServiceTrouble'],
    ['a service that cannot start its tasks', service, 'EcsServiceTrouble'],
    ['a deployment that was given up', deployment, 'EcsDeploymentsFailed'],
    ['a backup that failed', backup, 'BackupsFailed'],
    [
      'a restore that was aborted',
      { ...changed(backup, { state: 'ABORTED' }), 'detail-type': 'Restore Job State Change' },
      'BackupsFailed',
    ],
    ['an execution that failed', execution, 'MachinesFailed'],
    ['an execution that took too long', changed(execution, { status: 'TIMED_OUT' }), 'MachinesFailed'],
  ])('%s', (_, event, metric) => {
    expect(read(event)).toMatchObject({ word: 'counts', metric });
  });
});

describe('does nothing, and says why, for', () => {
  it.each([
    ['a task that runs', changed(task, { lastStatus: 'RUNNING' }), 'the task is RUNNING'],
    ['a task that a person stopped', changed(task, { stopCode: 'UserInitiated' }), 'it was stopped on purpose: UserInitiated'],
    [
      'a task that a deployment replaced',
      changed(task, { stopCode: 'ServiceSchedulerInitiated' }),
      'it was stopped on purpose: ServiceSchedulerInitiated',
    ],
    ['a task of another cluster', changed(task, { clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/shop' }), 'another cluster'],
    [
      'a service that became steady',
      changed(service, { eventType: 'INFO', eventName: 'SERVICE_STEADY_STATE' }),
      'SERVICE_STEADY_STATE is as it should be',
    ],
    [
      'a deployment that ended well',
      changed(deployment, { eventName: 'SERVICE_DEPLOYMENT_COMPLETED' }),
      'SERVICE_DEPLOYMENT_COMPLETED is as it should be',
    ],
    ['a backup that ended well', changed(backup, { state: 'COMPLETED' }), 'the job is COMPLETED'],
    ['an execution that succeeded', changed(execution, { status: 'SUCCEEDED' }), 'the execution is SUCCEEDED'],
    [
      'an event that nobody watches',
      { ...task, 'detail-type': 'ECS Container Instance State Change' },
      'ECS Container Instance State Change of aws.ecs is not watched',
    ],
  ])('%s', (_, event, because) => {
    expect(read(event)).toEqual({ word: 'nothing', because });
  });

  it('an event that cannot be read', () => {
    expect(read({ ...task, detail: null })).toMatchObject({ word: 'nothing', because: expect.stringContaining('cannot be read') });
  });
});
