/** What workspaces shows: the steps over a person's Coder account and workspaces, and how Coder fares. No routes, no facts: machines call it. */
import type { Entry, Surface } from '@gatehouse/contracts/surface';

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

export const surface: Surface = {
  capability: 'workspaces',
  table: true,
  entries: {
    'find-workspaces': step('find', 60),
    'block-workspaces': step('block', 60),
    'unblock-workspaces': step('unblock', 60),
    'purge-workspaces': step('purge', 60, 'purge-workspaces'),
    'probe-workspaces': step('probe', 60, 'probe-workspaces'),
    'measure-coder': {
      handler: 'packages/workspaces/measure-coder.lambda.handler',
      timeoutSeconds: 50,
      memoryMb: 512,
      tables: [{ capability: 'workspaces', actions: ['dynamodb:GetItem', 'dynamodb:PutItem'], leadingKeys: ['LOOK'] }],
      secrets: ['coder-token'],
    },
    'grant-workspaces': giving('grant'),
    'withdraw-workspaces': giving('withdraw'),
  },
  steps: {
    'find-workspaces': 'find-workspaces',
    'block-workspaces': 'block-workspaces',
    'unblock-workspaces': 'unblock-workspaces',
    'purge-workspaces': 'purge-workspaces',
    'probe-workspaces': 'probe-workspaces',
    'grant-workspaces': 'grant-workspaces',
    'withdraw-workspaces': 'withdraw-workspaces',
  },
  schedules: [{ name: 'measure-coder', expression: 'rate(1 minute)', entry: 'measure-coder' }],
  metrics: [
    { name: 'CoderUp', unit: 'Count', sets: [[]] },
    { name: 'WorkspaceBuildsFailed', unit: 'Count', sets: [[]] },
  ],
  alarms: [
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
    'coder-token': { description: 'Session token of a Coder service account that may manage users and all workspaces', generated: false },
  },
};
