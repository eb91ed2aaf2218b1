/** What inference shows: the model routes, streamed, and what stands behind their money. */
import { publisher } from '@gatehouse/contracts/stream-filter';
import type { Alarm, Route, Surface, TableUse } from '@gatehouse/contracts/surface';
import { spendMetrics } from '@gatehouse/ledger/spend-rows';

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

/** What admission reads of it. */
const money: TableUse = { capability: 'usage', actions: ['dynamodb:BatchGetItem'], leadingKeys: ['USED#*', 'HELD#*', 'LIMITS'] };

/** Limits set by hand, and what is used of them. */
const limits: TableUse = {
  capability: 'usage',
  actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:DeleteItem'],
  leadingKeys: ['LIMITS', 'LIMIT#*', 'LIMIT-AUDIT', 'USED#*', 'HELD#*', 'POOL#*'],
};
/** Refusals, told through the outbox. */
const facts: TableUse = { capability: 'inference', actions: ['dynamodb:PutItem'], leadingKeys: ['OUTBOX#*'] };
const gates: TableUse = { capability: 'access', actions: ['dynamodb:GetItem'], leadingKeys: ['GATE#*'] };
const people: TableUse = { capability: 'people', actions: ['dynamodb:GetItem', 'dynamodb:Query'], leadingKeys: ['PERSON#*', 'ALIAS#*'] };
const limitsPath = '/v1/organizations/spend_limits';

const alarm = {
  namespace: 'Gatehouse',
  statistic: 'Sum',
  periodSeconds: 300,
  evaluationPeriods: 1,
  comparison: 'GreaterThanOrEqualToThreshold',
  missingData: 'notBreaching',
} satisfies Partial<Alarm>;

const models = [
  ['messages', '/v1/messages'],
  ['count-tokens', '/v1/messages/count_tokens'],
  ['invoke', '/invoke'],
  ['chat', '/v1/chat/completions'],
  ['bedrock-invoke', '/model/{id}/invoke'],
  ['bedrock-count', '/model/{id}/count-tokens'],
  ['bedrock-stream', '/model/{id}/invoke-with-response-stream'],
] as const;

export const surface: Surface = {
  capability: 'inference',
  table: true,
  entries: {
    gateway: {
      handler: 'packages/inference/gateway.lambda.handler',
      timeoutSeconds: 900,
      memoryMb: 1024,
      capacity: 'inference',
      asksModels: true,
      tables: [...admission, ledger, facts],
      secrets: ['anthropic-key', 'anthropic-aws-key'],
    },
    catalogue: {
      handler: 'packages/inference/catalogue.lambda.handler',
      timeoutSeconds: 10,
      memoryMb: 512,
      tables: [...admission, money],
    },
    limits: {
      handler: 'packages/inference/limits.lambda.handler',
      timeoutSeconds: 10,
      memoryMb: 512,
      tables: [...admission, gates, people, limits],
    },
    publish: { handler: 'packages/inference/publish.lambda.handler', timeoutSeconds: 30, memoryMb: 512, publishes: true },
    'settle-overdue': {
      handler: 'packages/inference/settle-overdue.lambda.handler',
      timeoutSeconds: 50,
      memoryMb: 512,
      tables: [ledger],
    },
  },
  streams: [publisher],
  routes: [
    ...models.map(([name, path]): Route => ({ name, method: 'POST', path, entry: 'gateway', admit: 'session:inference', stream: true })),
    { name: 'upstreams', method: 'GET', path: '/admin/upstreams', entry: 'gateway', admit: 'admin', stream: true },
    { name: 'models', method: 'GET', path: '/v1/models', entry: 'catalogue', admit: 'session:inference' },
    { name: 'set-limit', method: 'POST', path: limitsPath, entry: 'limits', admit: 'admin' },
    { name: 'list-limits', method: 'GET', path: limitsPath, entry: 'limits', admit: 'admin' },
    { name: 'effective-limits', method: 'GET', path: `${limitsPath}/effective`, entry: 'limits', admit: 'admin' },
    { name: 'limit-changes', method: 'GET', path: `${limitsPath}/audit`, entry: 'limits', admit: 'admin' },
    { name: 'read-limit', method: 'GET', path: `${limitsPath}/{id}`, entry: 'limits', admit: 'admin' },
    { name: 'delete-limit', method: 'DELETE', path: `${limitsPath}/{id}`, entry: 'limits', admit: 'admin' },
    { name: 'protocol', method: 'GET', path: '/protocol', entry: 'catalogue', admit: 'none' },
  ],
  metrics: [
    ...spendMetrics,
    { name: 'InferenceRequests', unit: 'Count', sets: [[], ['tier', 'outcome']] },
    { name: 'InferenceMs', unit: 'Milliseconds', sets: [[], ['tier']] },
    { name: 'FirstByteMs', unit: 'Milliseconds', sets: [[], ['tier']] },
    { name: 'InferenceRefusals', unit: 'Count', sets: [[], ['reason']] },
    { name: 'GuardrailFindings', unit: 'Count', sets: [[], ['kind']] },
    { name: 'UpstreamFaults', unit: 'Count', sets: [[], ['tier', 'why']] },
    { name: 'OverdueSettled', unit: 'Count', sets: [[]] },
  ],
  schedules: [{ name: 'settle-overdue', expression: 'rate(1 minute)', entry: 'settle-overdue' }],
  alarms: [
    {
      ...alarm,
      name: 'upstream-faults',
      description:
        'An upstream could not answer prompts, again and again. The metric UpstreamFaults by tier and why says which and how: a credential is mended by an operator, an overload passes.',
      metric: 'UpstreamFaults',
      threshold: 20,
    },
    {
      ...alarm,
      name: 'overdue',
      description:
        'Requests died before their usage was settled and were billed at their estimates. The log of the settle-overdue function names them; look for time-outs or out-of-memory in the log of the gateway.',
      metric: 'OverdueSettled',
      threshold: 3,
    },
  ],
  secrets: {
    'anthropic-key': {
      description: 'API key of the Anthropic API, for prompts that pass the gateway',
      generated: false,
      where: 'upstreams.*.kind=anthropic',
    },
    'anthropic-aws-key': {
      description: 'API key of Claude Platform on AWS, where its upstream is written with auth "api-key"',
      generated: false,
      where: 'upstreams.*.auth=api-key',
    },
  },
};
