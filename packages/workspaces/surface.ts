/** What workspaces shows: the steps over a person's Coder account and workspaces, and over the homes and hosts behind them; how Coder fares, and rollouts of templates. */
import { machineArnInPattern } from '@gatehouse/contracts/in-stage';
import { publisher } from '@gatehouse/contracts/stream-filter';
import type { Entry, Surface, TableUse } from '@gatehouse/contracts/surface';

function step(name: string, timeoutSeconds: number, file = 'workspaces'): Entry {
  return {
    handler: `packages/workspaces/${file}.lambda.${name}`,
    timeoutSeconds,
    memoryMb: 512,
    tables: [
      {
        capability: 'workspaces',
        actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
      },
      { capability: 'people', actions: ['dynamodb:GetItem'], leadingKeys: ['PERSON#*'] },
    ],
    secrets: ['coder-token'],
  };
}

/** Gives and takes back: it alone opens the keys that Gatehouse made. */
function giving(name: string): Entry {
  const usual = step(name, 60, 'grant-workspaces');
  return {
    ...usual,
    tables: [...(usual.tables ?? []), { capability: 'keys', actions: ['dynamodb:Query'], leadingKeys: ['VIRTUAL-KEY#*'] }],
    keys: [{ key: 'keys/virtual-keys', actions: ['kms:Decrypt'] }],
  };
}

const admission: readonly TableUse[] = [
  { capability: 'access', actions: ['dynamodb:BatchGetItem'], leadingKeys: ['GATE#*', 'SESSION#*'] },
  { capability: 'access', actions: ['dynamodb:Query'], leadingKeys: ['SIGNING-KEYS'] },
  { capability: 'policy', actions: ['dynamodb:BatchGetItem', 'dynamodb:GetItem'], leadingKeys: ['POLICY'] },
];

/** Its calls of Coder come before those that others have booked. */
const countsCalls: TableUse = { capability: 'workspaces', actions: ['dynamodb:UpdateItem'], leadingKeys: ['RATE#*'] };

function rollout(name: string, timeoutSeconds: number): Entry {
  return {
    handler: `packages/workspaces/rollout.lambda.${name}`,
    timeoutSeconds,
    memoryMb: 512,
    tables: [
      { capability: 'workspaces', actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem'] },
      { capability: 'people', actions: ['dynamodb:Query'], leadingKeys: ['ALIAS#*'] },
    ],
    secrets: ['coder-token'],
  };
}

export const surface: Surface = {
  capability: 'workspaces',
  table: true,
  entries: {
    'find-workspaces': step('find', 60),
    'block-workspaces': step('block', 60),
    'unblock-workspaces': step('unblock', 60),
    'purge-workspaces': step('purge', 60, 'purge-workspaces'),
    'probe-workspaces': step('probe', 60, 'probe-workspaces'),
    'find-homes': { ...step('find', 60, 'homes'), homes: 'find' },
    'back-up-home': { ...step('backUp', 60, 'homes'), homes: 'back-up' },
    'purge-home': { ...step('purge', 60, 'homes'), homes: 'delete' },
    'block-hosts': { ...step('block', 60, 'hosts'), hosts: 'stop' },
    'probe-hosts': { ...step('probe', 60, 'hosts'), hosts: 'look' },
    'open-rollout': rollout('open', 60),
    'tell-owners': rollout('tell', 60),
    'advance-rollout': rollout('advance', 60),
    'close-rollout': rollout('close', 30),
    'hear-rollout-ended': {
      handler: 'packages/workspaces/hear-rollout-ended.lambda.handler',
      timeoutSeconds: 20,
      memoryMb: 512,
      tables: [{ capability: 'workspaces', actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'] }],
    },
    rollouts: {
      handler: 'packages/workspaces/rollouts.lambda.handler',
      timeoutSeconds: 29,
      memoryMb: 512,
      tables: [{ capability: 'workspaces', actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'] }, ...admission],
      starts: ['workspace-rollout'],
    },
    publish: { handler: 'packages/workspaces/publish.lambda.handler', timeoutSeconds: 30, memoryMb: 512, publishes: true },
    'measure-coder': {
      handler: 'packages/workspaces/measure-coder.lambda.handler',
      timeoutSeconds: 50,
      memoryMb: 512,
      tables: [{ capability: 'workspaces', actions: ['dynamodb:GetItem', 'dynamodb:PutItem'], leadingKeys: ['LOOK'] }, countsCalls],
      secrets: ['coder-token'],
    },
    'grant-workspaces': giving('grant'),
    'withdraw-workspaces': giving('withdraw'),
    'list-workspace-holders': {
      handler: 'packages/workspaces/holders.lambda.list',
      timeoutSeconds: 60,
      memoryMb: 512,
      tables: [countsCalls],
      secrets: ['coder-token'],
    },
  },
  routes: [
    { name: 'start-rollout', method: 'POST', path: '/admin/rollouts', entry: 'rollouts', admit: 'admin' },
    { name: 'list-rollouts', method: 'GET', path: '/admin/rollouts', entry: 'rollouts', admit: 'admin' },
    { name: 'steer-rollout', method: 'POST', path: '/admin/rollouts/{id}', entry: 'rollouts', admit: 'admin' },
  ],
  rules: [
    {
      name: 'rollout-ended',
      bus: 'default',
      pattern: {
        source: ['aws.states'],
        'detail-type': ['Step Functions Execution Status Change'],
        detail: { status: ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'], stateMachineArn: [machineArnInPattern('workspace-rollout')] },
      },
      entry: 'hear-rollout-ended',
    },
  ],
  streams: [publisher],
  machines: [
    {
      name: 'workspace-rollout',
      definition: 'packages/workspaces/workspace-rollout.asl.json',
      steps: ['open-rollout', 'tell-owners', 'advance-rollout', 'close-rollout'],
    },
  ],
  steps: {
    'open-rollout': 'open-rollout',
    'tell-owners': 'tell-owners',
    'advance-rollout': 'advance-rollout',
    'close-rollout': 'close-rollout',
    'find-workspaces': 'find-workspaces',
    'block-workspaces': 'block-workspaces',
    'unblock-workspaces': 'unblock-workspaces',
    'purge-workspaces': 'purge-workspaces',
    'probe-workspaces': 'probe-workspaces',
    'find-homes': 'find-homes',
    'back-up-home': 'back-up-home',
    'purge-home': 'purge-home',
    'block-hosts': 'block-hosts',
    'probe-hosts': 'probe-hosts',
    'grant-workspaces': 'grant-workspaces',
    'withdraw-workspaces': 'withdraw-workspaces',
    'list-workspace-holders': 'list-workspace-holders',
  },
  schedules: [{ name: 'measure-coder', expression: 'rate(1 minute)', entry: 'measure-coder' }],
  metrics: [
    { name: 'CoderUp', unit: 'Count', sets: [[]] },
    { name: 'WorkspaceBuildsFailed', unit: 'Count', sets: [[]] },
    { name: 'WorkspacesStale', unit: 'Count', sets: [[]] },
    { name: 'RolloutsStuck', unit: 'Count', sets: [[]] },
  ],
  alarms: [
    {
      name: 'rollout-needs-human',
      description:
        'A rollout ended with workspaces that do not build. GET /admin/rollouts names them and says why; mend the template, then start it again.',
      namespace: 'Gatehouse',
      metric: 'RolloutsStuck',
      statistic: 'Sum',
      periodSeconds: 300,
      evaluationPeriods: 1,
      threshold: 1,
      comparison: 'GreaterThanOrEqualToThreshold',
      missingData: 'notBreaching',
    },
    {
      name: 'coder-down',
      description:
        'Coder has not answered for two minutes, or nobody asked it: nobody starts a workspace, and leavers keep theirs until it is back. Look at its tasks and its database, then at the function that asks.',
      severity: 'page',
      where: 'coder',
      namespace: 'Gatehouse',
      metric: 'CoderUp',
      statistic: 'Minimum',
      periodSeconds: 60,
      evaluationPeriods: 2,
      threshold: 1,
      comparison: 'LessThanThreshold',
      missingData: 'breaching',
    },
    {
      name: 'builds-failed',
      description:
        "More than three builds of workspaces failed within five minutes. The log of the function measure-coder names them; look at one's build log in Coder: a template that was pushed lately, or the provisioners.",
      where: 'coder',
      namespace: 'Gatehouse',
      metric: 'WorkspaceBuildsFailed',
      statistic: 'Sum',
      periodSeconds: 300,
      evaluationPeriods: 1,
      threshold: 3,
      comparison: 'GreaterThanThreshold',
      missingData: 'notBreaching',
    },
  ],
  secrets: {
    'coder-token': {
      description: 'Session token of a Coder service account that may manage users and all workspaces',
      generated: false,
      where: 'coder',
    },
  },
};
