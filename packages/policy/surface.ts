/** What policy shows: managed settings and explanations for people, the document's life for administrators, and its first publication. */
import { publisher } from '@gatehouse/contracts/stream-filter';
import type { Alarm, Entry, Surface, TableUse } from '@gatehouse/contracts/surface';
import { patternOf } from '@gatehouse/events/fact';
import { policyPublished } from '@gatehouse/events/policy-published';
import { settingsResolved } from '@gatehouse/events/settings-resolved';

/** Admission reads gate, session and policy head in one call, and the version once an environment. */
const admission: TableUse[] = [
  { capability: 'access', actions: ['dynamodb:BatchGetItem'], leadingKeys: ['GATE#*', 'SESSION#*'] },
  { capability: 'access', actions: ['dynamodb:Query'], leadingKeys: ['SIGNING-KEYS'] },
  { capability: 'policy', actions: ['dynamodb:BatchGetItem', 'dynamodb:GetItem'], leadingKeys: ['POLICY'] },
];
const people: TableUse[] = [
  { capability: 'people', actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem'], leadingKeys: ['PERSON#*'] },
  { capability: 'people', actions: ['dynamodb:Query'], leadingKeys: ['ALIAS#*'] },
];
const everybody: TableUse = { capability: 'people', actions: ['dynamodb:Query'], leadingKeys: ['PEOPLE#*'] };
const ledger: TableUse = { capability: 'usage', actions: ['dynamodb:Query'], leadingKeys: ['DAY#*'] };
const history: TableUse = { capability: 'policy', actions: ['dynamodb:Query'], leadingKeys: ['POLICY'] };
/** The version, the head and the fact go in one transaction of puts. */
const publication: TableUse = { capability: 'policy', actions: ['dynamodb:PutItem'], leadingKeys: ['POLICY', 'OUTBOX#*'] };

/** What was delivered to whom, and what clients report. */
const notes: TableUse = { capability: 'policy', actions: ['dynamodb:UpdateItem'] };
const clients: TableUse = { capability: 'policy', actions: ['dynamodb:Query'], leadingKeys: ['CLIENTS#*'] };
const claim: TableUse = { capability: 'policy', actions: ['dynamodb:PutItem', 'dynamodb:UpdateItem'] };

const api = { timeoutSeconds: 10, memoryMb: 512 } satisfies Partial<Entry>;

const alarm = {
  namespace: 'Gatehouse',
  statistic: 'Sum',
  periodSeconds: 60,
  evaluationPeriods: 1,
  comparison: 'GreaterThanOrEqualToThreshold',
  missingData: 'notBreaching',
} satisfies Partial<Alarm>;

export const surface: Surface = {
  capability: 'policy',
  table: true,
  entries: {
    settings: {
      ...api,
      handler: 'packages/policy/settings.lambda.handler',
      tables: [...admission, { ...notes, leadingKeys: ['CLIENT#*', 'SERVED#*'] }],
      buckets: [{ bucket: 'policy/served', actions: ['s3:GetObject'], keys: ['served/*', 'base.json', 'trust.json'] }],
    },
    own: {
      ...api,
      handler: 'packages/policy/own.lambda.handler',
      tables: [...admission, ...people, { ...notes, leadingKeys: ['CLIENT#*'] }],
    },
    admin: { ...api, handler: 'packages/policy/admin.lambda.handler', tables: [...admission, history, publication] },
    /** API Gateway ends a call after 29 s: the replay ends itself before. */
    simulate: {
      handler: 'packages/policy/simulate.lambda.handler',
      timeoutSeconds: 29,
      memoryMb: 1024,
      tables: [...admission, ...people, everybody, ledger],
    },
    /** Called by the deployer, never by a route: publishes the first document. */
    'publish-policy': {
      ...api,
      handler: 'packages/policy/publish-policy.lambda.handler',
      tables: [{ capability: 'policy', actions: ['dynamodb:GetItem', 'dynamodb:PutItem'], leadingKeys: ['POLICY', 'OUTBOX#*'] }],
    },
    /** Claims the fact, and tells of each person whom it concerns. */
    'hear-published': {
      handler: 'packages/policy/hear-published.lambda.handler',
      timeoutSeconds: 50,
      memoryMb: 512,
      tables: [everybody, { ...claim, actions: ['dynamodb:GetItem', ...claim.actions], leadingKeys: ['POLICY', 'CLAIM#*', 'OUTBOX#*'] }],
    },
    clients: {
      handler: 'packages/policy/clients.lambda.handler',
      timeoutSeconds: 20,
      memoryMb: 1024,
      tables: [...admission, everybody, clients],
    },
    'measure-clients': {
      handler: 'packages/policy/measure-clients.lambda.handler',
      timeoutSeconds: 50,
      memoryMb: 1024,
      tables: [everybody, clients, { ...claim, actions: ['dynamodb:GetItem', ...claim.actions], leadingKeys: ['POLICY', 'CLAIM#*'] }],
    },
    'hear-settings': {
      handler: 'packages/policy/hear-settings.lambda.handler',
      timeoutSeconds: 20,
      memoryMb: 512,
      tables: [{ ...claim, leadingKeys: ['CLAIM#*', 'CLIENT#*'] }],
    },
    /** The copies in S3 for the minutes in which the tables are away. */
    'keep-served': {
      handler: 'packages/policy/keep-served.lambda.handler',
      timeoutSeconds: 30,
      memoryMb: 512,
      buckets: [{ bucket: 'policy/served', actions: ['s3:PutObject'], keys: ['served/*'] }],
    },
    'keep-trust': {
      handler: 'packages/policy/keep-trust.lambda.handler',
      timeoutSeconds: 30,
      memoryMb: 512,
      tables: [
        { capability: 'access', actions: ['dynamodb:Query'], leadingKeys: ['SIGNING-KEYS', 'REVOCATION#*'] },
        { ...claim, actions: ['dynamodb:GetItem', ...claim.actions], leadingKeys: ['POLICY', 'CLAIM#*'] },
      ],
      buckets: [{ bucket: 'policy/served', actions: ['s3:PutObject'], keys: ['base.json', 'trust.json'] }],
    },
    publish: { handler: 'packages/policy/publish.lambda.handler', timeoutSeconds: 30, memoryMb: 512, publishes: true },
  },
  routes: [
    { name: 'settings', method: 'GET', path: '/managed/settings', entry: 'settings', admit: 'session:policy' },
    { name: 'own', method: 'GET', path: '/v1/policy', entry: 'own', admit: 'session:policy' },
    { name: 'explain', method: 'GET', path: '/v1/policy/explain', entry: 'own', admit: 'session:policy' },
    { name: 'rendering', method: 'GET', path: '/v1/policy/renderings/{kind}', entry: 'own', admit: 'session:policy' },
    { name: 'read', method: 'GET', path: '/admin/policies', entry: 'admin', admit: 'admin' },
    { name: 'replace', method: 'PUT', path: '/admin/policies', entry: 'admin', admit: 'admin' },
    { name: 'versions', method: 'GET', path: '/admin/policies/versions', entry: 'admin', admit: 'admin' },
    { name: 'version', method: 'GET', path: '/admin/policies/versions/{version}', entry: 'admin', admit: 'admin' },
    { name: 'schema', method: 'GET', path: '/admin/policies/schema', entry: 'admin', admit: 'admin' },
    { name: 'simulate', method: 'POST', path: '/admin/policies/simulate', entry: 'simulate', admit: 'admin' },
    { name: 'diff', method: 'POST', path: '/admin/policies/diff', entry: 'admin', admit: 'admin' },
    { name: 'clients', method: 'GET', path: '/admin/policies/clients', entry: 'clients', admit: 'admin' },
    { name: 'import', method: 'POST', path: '/admin/policies/import', entry: 'admin', admit: 'admin' },
    { name: 'rollback', method: 'POST', path: '/admin/policies/rollback', entry: 'admin', admit: 'admin' },
  ],
  rules: [
    { name: 'hear-published', bus: 'product', pattern: patternOf(policyPublished), entry: 'hear-published' },
    { name: 'hear-settings', bus: 'product', pattern: patternOf(settingsResolved), entry: 'hear-settings' },
  ],
  schedules: [
    { name: 'keep-trust', expression: 'rate(5 minutes)', entry: 'keep-trust' },
    { name: 'measure-clients', expression: 'rate(1 hour)', entry: 'measure-clients' },
  ],
  streams: [publisher, { entry: 'keep-served', filters: [{ dynamodb: { Keys: { pk: { S: [{ prefix: 'SERVED#' }] } } } }] }],
  buckets: { served: { keepDays: 90, expireObjects: true } },
  metrics: [
    { name: 'PolicyServedWithoutStore', unit: 'Count', sets: [[]] },
    { name: 'PeopleRefusedByPolicy', unit: 'Count', sets: [[]] },
    { name: 'ClientsDrifted', unit: 'Count', sets: [[], ['group']] },
    { name: 'ClientsUnmanaged', unit: 'Count', sets: [[], ['group']] },
    { name: 'ClientsOutdated', unit: 'Count', sets: [[], ['group']] },
  ],
  alarms: [
    {
      ...alarm,
      name: 'served-without-store',
      description:
        'Managed settings were answered from a copy because a table did not answer: people keep working under their last policy. Look at DynamoDB and at the log of the settings function.',
      metric: 'PolicyServedWithoutStore',
      threshold: 1,
    },
    {
      ...alarm,
      name: 'publication-refuses-many',
      description:
        'A version of the policy refuses ten people or more whom the one before admitted, and what they hold elsewhere is being blocked. If that is not meant, POST /admin/policies/rollback: they get everything back.',
      metric: 'PeopleRefusedByPolicy',
      threshold: 10,
    },
    {
      ...alarm,
      name: 'clients-drifted',
      description:
        'At least one client holds other settings than those delivered to it, or works on without asking for new ones. GET /admin/policies/clients?standing=drifted says whose and why: somebody changed the cache on that machine, or it cannot reach the gateway.',
      metric: 'ClientsDrifted',
      statistic: 'Maximum',
      periodSeconds: 3_600,
      threshold: 1,
    },
    {
      ...alarm,
      name: 'clients-unmanaged',
      description:
        'At least one client reports that no managed settings apply to it. GET /admin/policies/clients?standing=unmanaged says whose: its machine lacks the file or the sign-in that your device management should have put there.',
      metric: 'ClientsUnmanaged',
      statistic: 'Maximum',
      periodSeconds: 3_600,
      threshold: 1,
    },
  ],
};
