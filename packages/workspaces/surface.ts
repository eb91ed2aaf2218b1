/** What workspaces shows: the steps over a person's Coder account and workspaces. No routes, no facts: machines call it. */
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
  secrets: {
    'coder-token': { description: 'Session token of a Coder service account that may manage users and all workspaces', generated: false },
  },
};
