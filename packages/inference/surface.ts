/** What inference shows: the model routes, streamed, and what stands behind their money. */
import type { Surface, TableUse } from '@gatehouse/contracts/surface';

/** Admission reads gate, session, policy head and money in one call, and the version once an environment. */
const admission: TableUse[] = [
  { capability: 'access', actions: ['dynamodb:BatchGetItem'], leadingKeys: ['GATE#*', 'SESSION#*'] },
  { capability: 'access', actions: ['dynamodb:Query'], leadingKeys: ['SIGNING-KEYS'] },
  { capability: 'policy', actions: ['dynamodb:BatchGetItem', 'dynamodb:GetItem'], leadingKeys: ['POLICY'] },
];
/** The ledger is the only code that writes there: holds, entries, cells, counters and their facts. */
const ledger: TableUse = {
  capability: 'usage',
  actions: [
    'dynamodb:GetItem',
    'dynamodb:BatchGetItem',
    'dynamodb:Query',
    'dynamodb:PutItem',
    'dynamodb:UpdateItem',
    'dynamodb:DeleteItem',
  ],
  leadingKeys: ['ENTRY#*', 'CELL#*', 'SPEND#*', 'USED#*', 'POOL#*', 'WAITING#*', 'HOLD#*', 'HOLDS#*', 'HELD#*', 'LIMITS', 'OUTBOX#*'],
};

export const surface: Surface = {
  capability: 'inference',
  table: false,
  entries: {
    gateway: {
      handler: 'packages/inference/gateway.lambda.handler',
      timeoutSeconds: 900,
      memoryMb: 1024,
      tables: [...admission, ledger],
      secrets: ['anthropic-key', 'anthropic-aws-key'],
    },
    'settle-overdue': {
      handler: 'packages/inference/settle-overdue.lambda.handler',
      timeoutSeconds: 50,
      memoryMb: 512,
      tables: [ledger],
    },
  },
  routes: [{ name: 'messages', method: 'POST', path: '/v1/messages', entry: 'gateway', admit: 'session:inference', stream: true }],
  schedules: [{ name: 'settle-overdue', expression: 'rate(1 minute)', entry: 'settle-overdue' }],
  secrets: {
    'anthropic-key': { description: 'API key of the Anthropic API, for prompts that pass the gateway', generated: false },
    'anthropic-aws-key': {
      description: 'API key of Claude Platform on AWS, where its upstream is written with auth "api-key"',
      generated: false,
    },
  },
};
