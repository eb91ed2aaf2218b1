/** What keys shows: the steps over a person's LiteLLM virtual keys and their seat at Anthropic. No routes, no facts: machines call it. */
import type { Entry, Surface } from '@gatehouse/contracts/surface';

function step(name: string, timeoutSeconds: number, file = 'virtual-keys'): Entry {
  return {
    handler: `packages/keys/${file}.lambda.${name}`,
    timeoutSeconds,
    memoryMb: 512,
    tables: [
      { capability: 'keys', actions: ['dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:DeleteItem'] },
      { capability: 'people', actions: ['dynamodb:GetItem'], leadingKeys: ['PERSON#*'] },
    ],
    secrets: ['litellm-key'],
  };
}

/** Makes and changes keys: it alone seals them. */
function keyGiving(name: string): Entry {
  return {
    handler: `packages/keys/grant-virtual-keys.lambda.${name}`,
    timeoutSeconds: 60,
    memoryMb: 512,
    tables: [
      { capability: 'keys', actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem'], leadingKeys: ['VIRTUAL-KEY#*'] },
      { capability: 'people', actions: ['dynamodb:GetItem'], leadingKeys: ['PERSON#*'] },
    ],
    keys: [{ key: 'keys/virtual-keys', actions: ['kms:GenerateDataKey', 'kms:Decrypt'] }],
    secrets: ['litellm-key'],
  };
}

function seatStep(name: string, file = 'seats'): Entry {
  return {
    handler: `packages/keys/${file}.lambda.${name}`,
    timeoutSeconds: 60,
    memoryMb: 512,
    tables: [
      {
        capability: 'keys',
        actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
      },
      { capability: 'people', actions: ['dynamodb:GetItem'], leadingKeys: ['PERSON#*'] },
    ],
    secrets: ['anthropic-admin-key'],
  };
}

/** Over everybody's; it knows no person. */
function holders(name: string): Entry {
  return {
    handler: `packages/keys/holders.lambda.${name}`,
    timeoutSeconds: 60,
    memoryMb: 512,
    tables: [{ capability: 'keys', actions: ['dynamodb:UpdateItem'], leadingKeys: ['RATE#*'] }],
    secrets: ['litellm-key', 'anthropic-admin-key'],
  };
}

export const surface: Surface = {
  capability: 'keys',
  table: true,
  entries: {
    'find-virtual-keys': step('find', 60),
    'block-virtual-keys': step('block', 60),
    'unblock-virtual-keys': step('unblock', 60),
    'purge-virtual-keys': step('purge', 60),
    'probe-virtual-keys': step('probe', 60, 'probe-virtual-keys'),
    'find-seats': seatStep('find'),
    'block-seats': seatStep('block'),
    'unblock-seats': seatStep('unblock'),
    'purge-seats': seatStep('purge'),
    'probe-seats': seatStep('probe', 'probe-seats'),
    'grant-seats': seatStep('grant', 'grant-seats'),
    'withdraw-seats': seatStep('withdraw', 'grant-seats'),
    'grant-virtual-keys': keyGiving('grant'),
    'withdraw-virtual-keys': keyGiving('withdraw'),
    'list-key-holders': holders('keys'),
    'list-seat-holders': holders('seats'),
    'block-orphan': holders('block'),
  },
  steps: {
    'find-virtual-keys': 'find-virtual-keys',
    'block-virtual-keys': 'block-virtual-keys',
    'unblock-virtual-keys': 'unblock-virtual-keys',
    'purge-virtual-keys': 'purge-virtual-keys',
    'probe-virtual-keys': 'probe-virtual-keys',
    'find-seats': 'find-seats',
    'block-seats': 'block-seats',
    'unblock-seats': 'unblock-seats',
    'purge-seats': 'purge-seats',
    'probe-seats': 'probe-seats',
    'grant-seats': 'grant-seats',
    'withdraw-seats': 'withdraw-seats',
    'grant-virtual-keys': 'grant-virtual-keys',
    'withdraw-virtual-keys': 'withdraw-virtual-keys',
    'list-key-holders': 'list-key-holders',
    'list-seat-holders': 'list-seat-holders',
    'block-orphan': 'block-orphan',
  },
  keys: { 'virtual-keys': { spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT', where: 'litellm' } },
  secrets: {
    'litellm-key': { description: "LiteLLM's master key, or the key of a proxy_admin user", generated: false, where: 'litellm' },
    'anthropic-admin-key': {
      description: "An admin key of the company's organization at Anthropic that may read and write members",
      generated: false,
      where: 'anthropic',
    },
  },
};
