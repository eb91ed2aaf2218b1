/** What usage shows: OTLP in, spend out, the alarms on both. */

import { publisher } from '@gatehouse/contracts/stream-filter';
import type { Alarm, Route, Surface, TableUse } from '@gatehouse/contracts/surface';
import { budgetCrossed } from '@gatehouse/events/budget-crossed';
import { patternOf } from '@gatehouse/events/fact';
import { spendMetrics } from '@gatehouse/ledger/spend-rows';

/** Exporters are admitted by the revocation log, read every two seconds and not for each call. */
const polled: TableUse = { capability: 'access', actions: ['dynamodb:Query'], leadingKeys: ['REVOCATION#*', 'SIGNING-KEYS'] };
/** An ingest key lives as long as its owner's gate and record say; a relay's resources name people. */
const keyHolders: TableUse[] = [
  { capability: 'access', actions: ['dynamodb:BatchGetItem'], leadingKeys: ['GATE#*'] },
  { capability: 'people', actions: ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query'], leadingKeys: ['PERSON#*', 'ALIAS#*'] },
];
/** Entries, cells, counters and the fact of a chunk go in one transaction of puts and updates. */
const ledger: TableUse = {
  capability: 'usage',
  actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
};
/** What waited its turn goes with the transaction that posts it. */
const waiting: TableUse = { capability: 'usage', actions: ['dynamodb:DeleteItem'], leadingKeys: ['WAITING#*'] };
/** Admission reads gate, session and policy head in one call, and the version once an environment. */
const admission: TableUse[] = [
  { capability: 'access', actions: ['dynamodb:BatchGetItem'], leadingKeys: ['GATE#*', 'SESSION#*'] },
  { capability: 'access', actions: ['dynamodb:Query'], leadingKeys: ['SIGNING-KEYS'] },
  { capability: 'policy', actions: ['dynamodb:BatchGetItem', 'dynamodb:GetItem'], leadingKeys: ['POLICY'] },
];
const keys: TableUse = {
  capability: 'usage',
  actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:DeleteItem'],
  leadingKeys: ['INGEST-KEY#*', 'INGEST-KEYS'],
};
const ownersOfKeys: TableUse[] = [
  { capability: 'access', actions: ['dynamodb:GetItem'], leadingKeys: ['GATE#*'] },
  { capability: 'people', actions: ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query'], leadingKeys: ['PERSON#*', 'ALIAS#*'] },
];
const people: TableUse = {
  capability: 'people',
  actions: ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query'],
  leadingKeys: ['PERSON#*', 'ALIAS#*'],
};
const billing: TableUse = { capability: 'usage', actions: ['dynamodb:PutItem'], leadingKeys: ['BILLED#*'] };
const bills: TableUse = {
  capability: 'usage',
  actions: ['dynamodb:Query', 'dynamodb:PutItem'],
  leadingKeys: ['BILLED#*', 'HEARD#*', 'SEQUENCE#*', 'DAY#*'],
};
const counters: TableUse = { capability: 'usage', actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'] };
/** Budgets are the policy's, for the groups at the gate. */
const budgets: TableUse[] = [
  { capability: 'access', actions: ['dynamodb:GetItem'], leadingKeys: ['GATE#*'] },
  { capability: 'policy', actions: ['dynamodb:GetItem'], leadingKeys: ['POLICY'] },
  { capability: 'usage', actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'] },
];
const claims: TableUse = { capability: 'usage', actions: ['dynamodb:PutItem', 'dynamodb:UpdateItem'], leadingKeys: ['CLAIM#*'] };
const signals = ['metrics', 'logs', 'traces'] as const;
/** Without these, API Gateway would answer 403 to a method that it does not know. */
const refusedMethods = ['GET', 'PUT', 'PATCH', 'DELETE'] as const;
export const refused = signals.flatMap((signal) =>
  refusedMethods.map((method): Route => ({ name: `${method} ${signal}`, method, path: `/v1/${signal}`, entry: 'ingest', admit: 'none' })),
);

const alarm = {
  namespace: 'Gatehouse',
  statistic: 'Sum',
  evaluationPeriods: 1,
  comparison: 'GreaterThanOrEqualToThreshold',
  missingData: 'notBreaching',
} satisfies Partial<Alarm>;

export const surface: Surface = {
  capability: 'usage',
  table: true,
  entries: {
    ingest: {
      handler: 'packages/usage/ingest.lambda.handler',
      timeoutSeconds: 10,
      memoryMb: 1024,
      capacity: 'telemetry',
      forwardsMetrics: true,
      tables: [polled, ...keyHolders, ledger, waiting],
    },
    spend: { handler: 'packages/usage/spend.lambda.handler', timeoutSeconds: 10, memoryMb: 512, tables: [...admission, counters] },
    reprice: { handler: 'packages/usage/reprice.lambda.handler', timeoutSeconds: 29, memoryMb: 512, tables: [...admission, ledger] },
    'ingest-keys': {
      handler: 'packages/usage/ingest-keys.lambda.handler',
      timeoutSeconds: 10,
      memoryMb: 512,
      tables: [...admission, ...ownersOfKeys, keys],
    },
    reconcile: {
      handler: 'packages/usage/reconcile.lambda.handler',
      timeoutSeconds: 29,
      memoryMb: 512,
      tables: [...admission, people, bills],
    },
    'reconcile-daily': {
      handler: 'packages/usage/reconcile-daily.lambda.handler',
      timeoutSeconds: 120,
      memoryMb: 512,
      tables: [people, bills],
      secrets: ['anthropic-report-key'],
    },
    'hear-invocations': {
      handler: 'packages/usage/hear-invocations.lambda.handler',
      timeoutSeconds: 60,
      memoryMb: 512,
      tables: [people, billing],
    },
    converge: { handler: 'packages/usage/converge.lambda.handler', timeoutSeconds: 30, memoryMb: 512, tables: budgets },
    'measure-budgets': { handler: 'packages/usage/measure-budgets.lambda.handler', timeoutSeconds: 30, memoryMb: 512, tables: [claims] },
    publish: { handler: 'packages/usage/publish.lambda.handler', timeoutSeconds: 30, memoryMb: 512, publishes: true },
  },
  routes: [
    ...signals.map((signal): Route => ({ name: signal, method: 'POST', path: `/v1/${signal}`, entry: 'ingest', admit: 'polled:otlp' })),
    ...refused,
    { name: 'own-usage', method: 'GET', path: '/v1/usage', entry: 'spend', admit: 'session:usage' },
    { name: 'client-usage', method: 'GET', path: '/api/oauth/usage', entry: 'spend', admit: 'session:usage' },
    { name: 'admin-spend', method: 'GET', path: '/admin/spend', entry: 'spend', admit: 'admin' },
    { name: 'new-ingest-key', method: 'POST', path: '/admin/ingest-keys', entry: 'ingest-keys', admit: 'admin' },
    { name: 'ingest-keys', method: 'GET', path: '/admin/ingest-keys', entry: 'ingest-keys', admit: 'admin' },
    { name: 'end-ingest-key', method: 'DELETE', path: '/admin/ingest-keys/{id}', entry: 'ingest-keys', admit: 'admin' },
    { name: 'reconciliation', method: 'GET', path: '/admin/reconciliation', entry: 'reconcile', admit: 'admin' },
    { name: 'billed', method: 'POST', path: '/admin/billed', entry: 'reconcile', admit: 'admin' },
    { name: 'reprice', method: 'POST', path: '/admin/spend/reprice', entry: 'reprice', admit: 'admin' },
  ],
  rules: [{ name: 'measure-budgets', bus: 'product', pattern: patternOf(budgetCrossed), entry: 'measure-budgets' }],
  schedules: [{ name: 'reconcile-daily', expression: 'cron(0 7 * * ? *)', entry: 'reconcile-daily' }],
  secrets: {
    'anthropic-report-key': {
      description: "An admin key that may read the usage reports of the company's organization at Anthropic",
      generated: false,
      where: 'anthropic',
    },
  },
  streams: [publisher, { entry: 'converge', filters: [{ dynamodb: { Keys: { pk: { S: [{ prefix: 'USED#' }] } } } }] }],
  metrics: [
    ...spendMetrics,
    { name: 'GroupSpendMicros', unit: 'None', sets: [['group']] },
    { name: 'BudgetUsedPercent', unit: 'Percent', sets: [[], ['scope']] },
    { name: 'CoveragePercent', unit: 'Percent', sets: [[]] },
    { name: 'DriftPercent', unit: 'Percent', sets: [[]] },
    { name: 'SilentPeople', unit: 'Count', sets: [[]] },
    { name: 'LostEvents', unit: 'Count', sets: [[]] },
    { name: 'IngestRequests', unit: 'Count', sets: [[]] },
    { name: 'IngestItems', unit: 'Count', sets: [[]] },
    { name: 'RejectedItems', unit: 'Count', sets: [[]] },
    { name: 'DuplicateBatches', unit: 'Count', sets: [[]] },
    { name: 'UnknownNames', unit: 'Count', sets: [[]] },
    { name: 'IngestRefusals', unit: 'Count', sets: [[]] },
    { name: 'ForwardFailures', unit: 'Count', sets: [[]] },
  ],
  alarms: [
    {
      ...alarm,
      name: 'budget-exceeded',
      description:
        'Somebody, or a group, used up a budget. The log of the measure-budgets function says which: raise it in the policy, or leave them blocked until it resets.',
      metric: 'BudgetUsedPercent',
      statistic: 'Maximum',
      periodSeconds: 60,
      threshold: 100,
    },
    {
      ...alarm,
      name: 'coverage-low',
      description:
        'Clients reported less than 90 percent of what our gateway or the vendors saw yesterday. GET /admin/reconciliation says of whom; a silent person has telemetry off or a client that is not managed.',
      metric: 'CoveragePercent',
      statistic: 'Minimum',
      periodSeconds: 3_600,
      threshold: 90,
      comparison: 'LessThanThreshold',
    },
    {
      ...alarm,
      name: 'bill-drift',
      description:
        'What vendors billed yesterday is more than 5 percent off the ledger. GET /admin/reconciliation says for whom; look for a wrong price, a missing multiplier, or use that passes us by.',
      metric: 'DriftPercent',
      statistic: 'Maximum',
      periodSeconds: 3_600,
      threshold: 5,
    },
    {
      ...alarm,
      name: 'spend-rate',
      description: 'The company spent more than 500 dollars within an hour. See who and on what: GET /admin/spend?by=person, and by=model.',
      metric: 'SpendMicros',
      periodSeconds: 3_600,
      threshold: 500_000_000,
    },
    {
      ...alarm,
      name: 'unpriced-tokens',
      description:
        'Tokens were used of a model that the price book does not know. They are kept aside and not billed: add the model to the price book, deploy it, and POST /admin/spend/reprice.',
      metric: 'UnpricedTokens',
      periodSeconds: 300,
      threshold: 1,
    },
    {
      ...alarm,
      name: 'ingest-refusals',
      description: 'Exporters sent what cannot be read and it was refused for good. The log of the ingest function says from whom and why.',
      metric: 'IngestRefusals',
      periodSeconds: 300,
      threshold: 10,
    },
  ],
};
