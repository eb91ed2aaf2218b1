/** What people shows: whom the directory knows, how its events reach us, and the two steps that read its truth. */
import type { Surface, TableUse } from '@gatehouse/contracts/surface';
import { heardEventTypes } from './okta-log.ts';

/** A person with their identity, addresses and facts, in one transaction; optimistic, so each item's own action. */
const writePerson: TableUse = {
  capability: 'people',
  actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem'],
};

export const surface: Surface = {
  capability: 'people',
  table: true,
  entries: {
    'hear-okta': {
      handler: 'packages/people/hear-okta.lambda.handler',
      timeoutSeconds: 30,
      memoryMb: 512,
      tables: [{ ...writePerson, actions: [...writePerson.actions, 'dynamodb:UpdateItem'] }],
      secrets: ['directory-token'],
    },
    'admit-person': {
      handler: 'packages/people/admit-person.lambda.handler',
      timeoutSeconds: 15,
      memoryMb: 512,
      tables: [writePerson],
      secrets: ['directory-token'],
    },
    'confirm-truth': {
      handler: 'packages/people/confirm-truth.lambda.handler',
      timeoutSeconds: 30,
      memoryMb: 512,
      tables: [writePerson, { capability: 'policy', actions: ['dynamodb:GetItem'], leadingKeys: ['POLICY'] }],
      secrets: ['directory-token'],
    },
    admin: {
      handler: 'packages/people/admin.lambda.handler',
      timeoutSeconds: 10,
      memoryMb: 512,
      tables: [
        { capability: 'people', actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:BatchGetItem'] },
        { capability: 'access', actions: ['dynamodb:BatchGetItem'], leadingKeys: ['GATE#*', 'SESSION#*'] },
        { capability: 'access', actions: ['dynamodb:Query'], leadingKeys: ['SIGNING-KEYS'] },
        { capability: 'policy', actions: ['dynamodb:BatchGetItem', 'dynamodb:GetItem'], leadingKeys: ['POLICY'] },
      ],
    },
    publish: { handler: 'packages/people/publish.lambda.handler', timeoutSeconds: 30, memoryMb: 512, publishes: true },
  },
  routes: [{ name: 'people', method: 'GET', path: '/admin/people', entry: 'admin', admit: 'admin' }],
  rules: [
    {
      name: 'hear-okta',
      bus: 'okta',
      pattern: {
        source: [{ prefix: 'aws.partner/okta.com/' }],
        'detail-type': ['SystemLog'],
        detail: { eventType: heardEventTypes, outcome: { result: ['SUCCESS'] } },
      },
      entry: 'hear-okta',
    },
  ],
  streams: ['publish'],
  steps: { 'admit-person': 'admit-person', 'confirm-truth': 'confirm-truth' },
  alarms: [
    {
      name: 'directory-unreadable',
      description:
        'The directory could not be read. Leavers are not cut while it lasts, but for their sessions. Look at the fact directory-read-refused: mend the address, the token or the network.',
      namespace: 'Gatehouse',
      metric: 'DirectoryReadsRefused',
      dimensions: { source: 'okta' },
      statistic: 'Sum',
      periodSeconds: 300,
      evaluationPeriods: 1,
      threshold: 1,
      comparison: 'GreaterThanOrEqualToThreshold',
      missingData: 'notBreaching',
    },
  ],
  secrets: { 'directory-token': { description: 'API token of a read-only administrator in the directory (Okta: SSWS)', generated: false } },
};
