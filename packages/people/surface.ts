/** What people shows: whom the directories know, how their events and pushes reach us, and the two steps that read the truth. */
import { publisher } from '@gatehouse/contracts/stream-filter';
import type { Surface, TableUse } from '@gatehouse/contracts/surface';
import { patternOf } from '@gatehouse/events/fact';
import { identityHinted } from '@gatehouse/events/identity-hinted';
import { heardTypes } from './auth0-event.ts';
import { eventSources, heardEventNames } from './cloudtrail.ts';
import { heardEventTypes } from './okta-log.ts';

/** A person with their identity, addresses and facts, in one transaction; optimistic, so each item's own action. */
const writePerson: TableUse = {
  capability: 'people',
  actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem'],
};

/** What every directory is read with. */
const directorySecrets = ['directory-token', 'graph-client', 'auth0-client', 'google-account'];
const claims = 'dynamodb:UpdateItem' as const;

export const surface: Surface = {
  capability: 'people',
  table: true,
  entries: {
    'hear-okta': {
      handler: 'packages/people/hear-okta.lambda.handler',
      timeoutSeconds: 30,
      memoryMb: 512,
      tables: [{ ...writePerson, actions: [...writePerson.actions, claims] }],
      secrets: directorySecrets,
      readsDirectories: true,
    },
    'hear-cloudtrail': {
      handler: 'packages/people/hear-cloudtrail.lambda.handler',
      timeoutSeconds: 30,
      memoryMb: 512,
      tables: [{ ...writePerson, actions: [...writePerson.actions, claims] }],
      secrets: directorySecrets,
      readsDirectories: true,
    },
    'hear-auth0': {
      handler: 'packages/people/hear-auth0.lambda.handler',
      timeoutSeconds: 30,
      memoryMb: 512,
      tables: [{ ...writePerson, actions: [...writePerson.actions, claims] }],
      secrets: directorySecrets,
      readsDirectories: true,
    },
    poll: {
      handler: 'packages/people/poll.lambda.handler',
      timeoutSeconds: 240,
      memoryMb: 512,
      tables: [
        { capability: 'people', actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:BatchGetItem', 'dynamodb:PutItem', claims] },
      ],
      secrets: directorySecrets,
      readsDirectories: true,
    },
    'admit-person': {
      handler: 'packages/people/admit-person.lambda.handler',
      timeoutSeconds: 15,
      memoryMb: 512,
      tables: [writePerson],
      secrets: directorySecrets,
      readsDirectories: true,
    },
    'confirm-truth': {
      handler: 'packages/people/confirm-truth.lambda.handler',
      timeoutSeconds: 30,
      memoryMb: 512,
      tables: [writePerson, { capability: 'policy', actions: ['dynamodb:GetItem'], leadingKeys: ['POLICY'] }],
      secrets: directorySecrets,
      readsDirectories: true,
    },
    admin: {
      handler: 'packages/people/admin.lambda.handler',
      timeoutSeconds: 10,
      memoryMb: 512,
      tables: [
        { capability: 'people', actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:BatchGetItem'] },
        { capability: 'lifecycle', actions: ['dynamodb:Query'], leadingKeys: ['GRANT#*'] },
        { capability: 'access', actions: ['dynamodb:BatchGetItem'], leadingKeys: ['GATE#*', 'SESSION#*'] },
        { capability: 'access', actions: ['dynamodb:Query'], leadingKeys: ['SIGNING-KEYS'] },
        { capability: 'policy', actions: ['dynamodb:BatchGetItem', 'dynamodb:GetItem'], leadingKeys: ['POLICY'] },
      ],
    },
    'erase-person': {
      handler: 'packages/people/erase-person.lambda.handler',
      timeoutSeconds: 10,
      memoryMb: 512,
      tables: [
        { capability: 'people', actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem'] },
        { capability: 'lifecycle', actions: ['dynamodb:Query'], leadingKeys: ['GRANT#*'] },
        { capability: 'access', actions: ['dynamodb:BatchGetItem'], leadingKeys: ['GATE#*', 'SESSION#*'] },
        { capability: 'access', actions: ['dynamodb:Query'], leadingKeys: ['SIGNING-KEYS'] },
        { capability: 'policy', actions: ['dynamodb:BatchGetItem', 'dynamodb:GetItem'], leadingKeys: ['POLICY'] },
      ],
    },
    scim: {
      handler: 'packages/people/scim.lambda.handler',
      timeoutSeconds: 20,
      memoryMb: 1024,
      tables: [
        {
          capability: 'people',
          actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
          leadingKeys: ['SCIM-*'],
        },
      ],
      secrets: ['scim-1', 'scim-2'],
    },
    'hear-scim': {
      handler: 'packages/people/hear-scim.lambda.handler',
      timeoutSeconds: 300,
      memoryMb: 512,
      tables: [{ ...writePerson, actions: [...writePerson.actions, claims] }],
      secrets: directorySecrets,
      readsDirectories: true,
    },
    hooks: {
      handler: 'packages/people/hooks.lambda.handler',
      timeoutSeconds: 10,
      memoryMb: 512,
      tables: [
        { capability: 'people', actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:BatchGetItem', 'dynamodb:PutItem', claims] },
      ],
      secrets: ['hook-okta', 'hook-entra', 'hook-authentik'],
    },
    'hear-hints': {
      handler: 'packages/people/hear-hints.lambda.handler',
      timeoutSeconds: 50,
      memoryMb: 512,
      tables: [{ ...writePerson, actions: [...writePerson.actions, claims] }],
      secrets: directorySecrets,
      readsDirectories: true,
    },
    sweep: {
      handler: 'packages/people/sweep.lambda.handler',
      timeoutSeconds: 840,
      memoryMb: 1024,
      tables: [{ ...writePerson, actions: [...writePerson.actions, claims] }],
      secrets: directorySecrets,
      readsDirectories: true,
    },
    'find-orphans': {
      handler: 'packages/people/find-orphans.lambda.handler',
      timeoutSeconds: 840,
      memoryMb: 1024,
      tables: [
        {
          capability: 'people',
          actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:DeleteItem', claims],
        },
      ],
      calls: ['list-key-holders', 'list-seat-holders', 'list-workspace-holders', 'block-orphan'],
    },
    orphans: {
      handler: 'packages/people/orphans.lambda.handler',
      timeoutSeconds: 10,
      memoryMb: 512,
      tables: [
        { capability: 'people', actions: ['dynamodb:GetItem', 'dynamodb:Query', claims], leadingKeys: ['ORPHANS'] },
        { capability: 'access', actions: ['dynamodb:BatchGetItem'], leadingKeys: ['GATE#*', 'SESSION#*'] },
        { capability: 'access', actions: ['dynamodb:Query'], leadingKeys: ['SIGNING-KEYS'] },
        { capability: 'policy', actions: ['dynamodb:BatchGetItem', 'dynamodb:GetItem'], leadingKeys: ['POLICY'] },
      ],
    },
    publish: { handler: 'packages/people/publish.lambda.handler', timeoutSeconds: 30, memoryMb: 512, publishes: true },
  },
  routes: [
    { name: 'people', method: 'GET', path: '/admin/people', entry: 'admin', admit: 'admin' },
    { name: 'erase-person', method: 'DELETE', path: '/admin/people/{id}', entry: 'erase-person', admit: 'admin' },
    { name: 'list-orphans', method: 'GET', path: '/admin/orphans', entry: 'orphans', admit: 'admin' },
    { name: 'decide-orphan', method: 'POST', path: '/admin/orphans/{id}', entry: 'orphans', admit: 'admin' },
    { name: 'okta-hook', method: 'POST', path: '/hooks/okta', entry: 'hooks', admit: 'hook' },
    { name: 'okta-hook-verification', method: 'GET', path: '/hooks/okta', entry: 'hooks', admit: 'hook' },
    { name: 'entra-hook', method: 'POST', path: '/hooks/entra', entry: 'hooks', admit: 'hook' },
    { name: 'authentik-hook', method: 'POST', path: '/hooks/authentik', entry: 'hooks', admit: 'hook' },
    { name: 'ssf-hook', method: 'POST', path: '/hooks/ssf', entry: 'hooks', admit: 'hook' },
    { name: 'token-revocation-hook', method: 'POST', path: '/hooks/global-token-revocation', entry: 'hooks', admit: 'hook' },
    { name: 'oidc-logout-hook', method: 'POST', path: '/hooks/oidc-logout', entry: 'hooks', admit: 'hook' },
    { name: 'scim-get', method: 'GET', path: '/scim/v2/{path+}', entry: 'scim', admit: 'scim' },
    { name: 'scim-post', method: 'POST', path: '/scim/v2/{path+}', entry: 'scim', admit: 'scim' },
    { name: 'scim-put', method: 'PUT', path: '/scim/v2/{path+}', entry: 'scim', admit: 'scim' },
    { name: 'scim-patch', method: 'PATCH', path: '/scim/v2/{path+}', entry: 'scim', admit: 'scim' },
    { name: 'scim-delete', method: 'DELETE', path: '/scim/v2/{path+}', entry: 'scim', admit: 'scim' },
  ],
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
    {
      name: 'hear-cloudtrail',
      bus: 'default',
      pattern: {
        'detail-type': ['AWS API Call via CloudTrail'],
        detail: { eventSource: eventSources, eventName: heardEventNames, errorCode: [{ exists: false }] },
      },
      entry: 'hear-cloudtrail',
    },
    {
      name: 'hear-auth0',
      bus: 'auth0',
      pattern: { source: [{ prefix: 'aws.partner/auth0.com/' }], detail: { type: heardTypes } },
      entry: 'hear-auth0',
    },
    { name: 'identity-hinted', bus: 'product', pattern: patternOf(identityHinted), entry: 'hear-hints' },
  ],
  schedules: [
    { name: 'sweep', expression: 'rate(15 minutes)', entry: 'sweep' },
    { name: 'find-orphans', expression: 'rate(1 hour)', entry: 'find-orphans' },
    { name: 'poll', expression: 'rate(5 minutes)', entry: 'poll' },
  ],
  streams: [publisher, { entry: 'hear-scim', filters: [{ dynamodb: { Keys: { pk: { S: ['SCIM-USERS', 'SCIM-GROUPS'] } } } }] }],
  steps: { 'admit-person': 'admit-person', 'confirm-truth': 'confirm-truth' },
  alarms: [
    {
      name: 'directory-unreadable',
      description:
        'The directory could not be read. Leavers are not cut while it lasts, but for their sessions. Look at the fact directory-read-refused: mend the address, the token or the network.',
      namespace: 'Gatehouse',
      metric: 'DirectoryReadsRefused',
      statistic: 'Sum',
      periodSeconds: 300,
      evaluationPeriods: 1,
      threshold: 1,
      comparison: 'GreaterThanOrEqualToThreshold',
      missingData: 'notBreaching',
    },
    {
      name: 'source-silent',
      description:
        'An identity provider has sent no event for longer than the profile allows. The fact source-silent names it: look at its log stream, hook, subscription or provisioning job. Until it speaks, the sweep finds what it misses.',
      namespace: 'Gatehouse',
      metric: 'SourcesSilent',
      statistic: 'Maximum',
      periodSeconds: 900,
      evaluationPeriods: 1,
      threshold: 1,
      comparison: 'GreaterThanOrEqualToThreshold',
      missingData: 'notBreaching',
    },
    {
      name: 'orphans',
      description:
        'Keys, seats, accounts or workspaces belong to nobody here. GET /admin/orphans lists them: give each to somebody, take it away in its system, or POST /admin/orphans/{id} with a decision.',
      namespace: 'Gatehouse',
      metric: 'Orphans',
      statistic: 'Maximum',
      periodSeconds: 3600,
      evaluationPeriods: 1,
      threshold: 1,
      comparison: 'GreaterThanOrEqualToThreshold',
      missingData: 'ignore',
    },
    {
      name: 'sweep-behind',
      description:
        'A sweep could not read everybody whom it had to, four times in a row. Look at the log "directory swept": a first sweep of many people takes several; otherwise the directory answers too slowly.',
      namespace: 'Gatehouse',
      metric: 'SweepWaiting',
      dimensions: { source: 'okta' },
      statistic: 'Minimum',
      periodSeconds: 900,
      evaluationPeriods: 4,
      threshold: 1,
      comparison: 'GreaterThanOrEqualToThreshold',
      missingData: 'notBreaching',
      severity: 'note',
    },
  ],
  metrics: [
    { name: 'DirectoryReadsRefused', unit: 'Count', sets: [[], ['source']] },
    { name: 'SourcesSilent', unit: 'Count', sets: [[]] },
    { name: 'Orphans', unit: 'Count', sets: [[]] },
    { name: 'SweepSeconds', unit: 'Seconds', sets: [['source']] },
    { name: 'SweepListed', unit: 'Count', sets: [['source']] },
    { name: 'SweepLeft', unit: 'Count', sets: [['source']] },
    { name: 'SweepWaiting', unit: 'Count', sets: [['source']] },
  ],
  secrets: {
    'directory-token': {
      description: 'API token of a read-only administrator in the directory (Okta: SSWS)',
      generated: false,
      where: 'directory.*.kind=okta',
    },
    'graph-client': {
      description: 'The client secret of the app registration that reads users and groups from Microsoft Graph',
      generated: false,
      where: 'directory.*.kind=entra',
    },
    'auth0-client': {
      description: 'The client secret of the machine-to-machine application that reads users and groups from Auth0',
      generated: false,
      where: 'directory.*.kind=auth0',
    },
    'google-account': {
      description: 'The key file of the service account that reads Google Workspace’s users, groups and audit log, as JSON',
      generated: false,
      where: 'directory.*.kind=google',
    },
    'hook-okta': { description: 'What Okta’s event hook sends as Authorization: put it there', generated: true, where: 'hooks.okta' },
    'hook-entra': { description: 'The clientState of Graph subscriptions: give it when making one', generated: true, where: 'hooks.entra' },
    'hook-authentik': {
      description: 'What Authentik’s webhook transport sends as bearer: put it there',
      generated: true,
      where: 'hooks.authentik',
    },
    'scim-1': {
      description: 'Bearer token of the identity provider for /scim/v2; replace it while scim-2 is in use',
      generated: true,
      where: 'scim',
    },
    'scim-2': { description: 'The other bearer token for /scim/v2; replace it while scim-1 is in use', generated: true, where: 'scim' },
  },
};
