/** What access shows: sign-in, tokens and their end; the pages of the device login; the steps that shut a gate and prove it shut. */

import { publisher } from '@gatehouse/contracts/stream-filter';
import type { Entry, Surface, TableUse } from '@gatehouse/contracts/surface';
import { patternOf } from '@gatehouse/events/fact';
import { personChanged } from '@gatehouse/events/person-changed';
import { signOutAsked } from '@gatehouse/events/sign-out-asked';
import { groupCutOrdered } from './group-cut-ordered.ts';

const people: TableUse = { capability: 'people', actions: ['dynamodb:GetItem'], leadingKeys: ['PERSON#*', 'IDENTITY#*'] };
const policy: TableUse = { capability: 'policy', actions: ['dynamodb:GetItem'], leadingKeys: ['POLICY'] };
const many = { actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem'] } as const;
/** Each write of a transaction needs its own action. */
const own: TableUse = {
  capability: 'access',
  actions: [
    'dynamodb:GetItem',
    'dynamodb:BatchGetItem',
    'dynamodb:Query',
    'dynamodb:PutItem',
    'dynamodb:UpdateItem',
    'dynamodb:ConditionCheckItem',
  ],
};
/** A ring of keys that take turns: no function may create one. */
const ring = ['signing-a', 'signing-b', 'signing-c'] as const;
const signing = ring.map((name) => ({ key: `access/${name}`, actions: ['kms:Sign', 'kms:GetPublicKey'] }) as const);

const api = { timeoutSeconds: 10, memoryMb: 512 } as const;

const step = { timeoutSeconds: 20, memoryMb: 512, tables: [own, people] } as const;

const rotation = { timeoutSeconds: 20, memoryMb: 512 } as const;

const tokens: Pick<Entry, 'tables' | 'secrets'> = {
  tables: [own, { ...people, ...many }, { ...policy, ...many }],
  secrets: ['refresh-pepper', 'entra-graph'],
};

export const surface: Surface = {
  capability: 'access',
  table: true,
  entries: {
    token: { handler: 'packages/access/token.lambda.handler', ...api, ...tokens, keys: signing, calls: ['admit-person'] },
    revoke: {
      handler: 'packages/access/revoke.lambda.handler',
      ...api,
      tables: [own, { ...policy, ...many }],
      secrets: ['refresh-pepper'],
    },
    metadata: { handler: 'packages/access/metadata.lambda.handler', ...api },
    device: {
      handler: 'packages/access/device.lambda.handler',
      ...api,
      tables: [own, people, policy],
      secrets: ['entra-graph'],
      calls: ['admit-person'],
    },
    admin: {
      handler: 'packages/access/admin.lambda.handler',
      timeoutSeconds: 29,
      memoryMb: 512,
      tables: [own, { ...policy, ...many }],
      calls: ['admit-person'],
    },
    'cut-group': {
      handler: 'packages/access/cut-group.lambda.handler',
      timeoutSeconds: 50,
      memoryMb: 512,
      tables: [
        {
          capability: 'access',
          actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:Scan', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
        },
      ],
    },
    'find-sessions': { handler: 'packages/access/sessions.lambda.find', ...step },
    'cut-sessions': { handler: 'packages/access/sessions.lambda.cut', ...step },
    'restore-sessions': { handler: 'packages/access/sessions.lambda.restore', ...step },
    'probe-sessions': {
      handler: 'packages/access/probe-sessions.lambda.probe',
      timeoutSeconds: 30,
      memoryMb: 512,
      tables: [own],
      keys: signing,
      secrets: ['refresh-pepper'],
    },
    'publish-signing-key': {
      handler: 'packages/access/publish-signing-key.lambda.handler',
      ...rotation,
      keys: signing,
      tables: [
        { capability: 'access', actions: ['dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem'] },
        { capability: 'access', actions: ['dynamodb:DeleteItem'], leadingKeys: ['SIGNING-KEYS'] },
      ],
    },
    'activate-signing-key': {
      handler: 'packages/access/signing-keys.lambda.activate',
      ...rotation,
      tables: [{ capability: 'access', actions: ['dynamodb:Query', 'dynamodb:UpdateItem'] }],
    },
    'retire-signing-key': {
      handler: 'packages/access/signing-keys.lambda.retire',
      ...rotation,
      tables: [{ capability: 'access', actions: ['dynamodb:Query', 'dynamodb:DeleteItem'] }],
    },
    'rotate-keys': {
      handler: 'packages/access/rotate-keys.lambda.handler',
      timeoutSeconds: 20,
      memoryMb: 512,
      tables: [{ capability: 'access', actions: ['dynamodb:PutItem', 'dynamodb:UpdateItem'] }],
      starts: ['key-rotation'],
    },
    'hear-people': { handler: 'packages/access/hear-people.lambda.handler', timeoutSeconds: 30, memoryMb: 512, tables: [own, people] },
    'hear-sign-out': { handler: 'packages/access/hear-sign-out.lambda.handler', timeoutSeconds: 30, memoryMb: 512, tables: [own] },
    publish: { handler: 'packages/access/publish.lambda.handler', timeoutSeconds: 30, memoryMb: 512, publishes: true },
  },
  routes: [
    { name: 'token', method: 'POST', path: '/oauth/token', entry: 'token', admit: 'none' },
    { name: 'verify', method: 'POST', path: '/auth/verify', entry: 'token', admit: 'none' },
    { name: 'refresh', method: 'POST', path: '/auth/refresh', entry: 'token', admit: 'none' },
    { name: 'revoke', method: 'POST', path: '/oauth/revoke', entry: 'revoke', admit: 'none' },
    { name: 'introspect', method: 'POST', path: '/oauth/introspect', entry: 'revoke', admit: 'session:policy' },
    { name: 'revoke-sessions', method: 'POST', path: '/admin/sessions/revoke', entry: 'admin', admit: 'admin' },
    { name: 'session-revocation', method: 'GET', path: '/admin/sessions/revocations/{id}', entry: 'admin', admit: 'admin' },
    { name: 'server-metadata', method: 'GET', path: '/.well-known/oauth-authorization-server', entry: 'metadata', admit: 'none' },
    { name: 'resource-metadata', method: 'GET', path: '/.well-known/oauth-protected-resource', entry: 'metadata', admit: 'none' },
    { name: 'keys', method: 'GET', path: '/.well-known/jwks.json', entry: 'token', admit: 'none' },
    { name: 'health', method: 'GET', path: '/health', entry: 'metadata', admit: 'none' },
    { name: 'healthz', method: 'GET', path: '/healthz', entry: 'metadata', admit: 'none' },
    { name: 'readyz', method: 'GET', path: '/readyz', entry: 'metadata', admit: 'none' },
    { name: 'device-authorization', method: 'POST', path: '/oauth/device_authorization', entry: 'device', admit: 'none' },
    { name: 'device-page', method: 'GET', path: '/device', entry: 'device', admit: 'none' },
    { name: 'device-form', method: 'POST', path: '/device', entry: 'device', admit: 'none' },
    { name: 'device-deny', method: 'POST', path: '/device/deny', entry: 'device', admit: 'none' },
    { name: 'callback', method: 'GET', path: '/oauth/callback', entry: 'device', admit: 'none' },
  ],
  rules: [
    { name: 'hear-people', bus: 'product', pattern: patternOf(personChanged), entry: 'hear-people' },
    { name: 'hear-sign-out', bus: 'product', pattern: patternOf(signOutAsked), entry: 'hear-sign-out' },
    { name: 'cut-group', bus: 'product', pattern: patternOf(groupCutOrdered), entry: 'cut-group' },
  ],
  streams: [publisher],
  steps: {
    'find-sessions': 'find-sessions',
    'cut-sessions': 'cut-sessions',
    'restore-sessions': 'restore-sessions',
    'probe-sessions': 'probe-sessions',
    'publish-signing-key': 'publish-signing-key',
    'activate-signing-key': 'activate-signing-key',
    'retire-signing-key': 'retire-signing-key',
  },
  machines: [
    {
      name: 'key-rotation',
      definition: 'packages/access/key-rotation.asl.json',
      steps: ['publish-signing-key', 'activate-signing-key', 'retire-signing-key'],
    },
  ],
  schedules: [{ name: 'rotate-keys', expression: 'rate(90 days)', entry: 'rotate-keys' }],
  keys: Object.fromEntries(ring.map((name) => [name, { spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' }] as const)),
  secrets: {
    'refresh-pepper': {
      description: 'Derives refresh tokens; replacing it ends every refresh family, so that everybody signs in once more',
      generated: true,
    },
    'entra-graph': {
      description: 'The client secret of the app registration that asks Microsoft Graph for groups',
      generated: false,
      where: 'issuers.*.graph',
    },
  },
  metrics: [
    { name: 'TokensIssued', unit: 'Count', sets: [['grant']] },
    { name: 'TokensRefused', unit: 'Count', sets: [['class']] },
    { name: 'RefreshReuse', unit: 'Count', sets: [[]] },
  ],
  alarms: [
    {
      name: 'refresh-reuse',
      description:
        'A retired refresh token came back: somebody may hold a copy. The family and its session are already shut; ask the person of the fact refresh-reused which machine was not theirs.',
      namespace: 'Gatehouse',
      metric: 'RefreshReuse',
      statistic: 'Sum',
      periodSeconds: 300,
      evaluationPeriods: 1,
      threshold: 1,
      comparison: 'GreaterThanOrEqualToThreshold',
      missingData: 'notBreaching',
    },
    {
      name: 'refusal-surge',
      description:
        'Many tokens that are not acceptable were presented within five minutes. The log "sign-in refused" names reasons and source addresses: an attack, or an identity provider that changed its keys or audience.',
      namespace: 'Gatehouse',
      metric: 'TokensRefused',
      dimensions: { class: 'token' },
      statistic: 'Sum',
      periodSeconds: 300,
      evaluationPeriods: 1,
      threshold: 100,
      comparison: 'GreaterThanOrEqualToThreshold',
      missingData: 'notBreaching',
    },
  ],
};
