/** What usage shows: OTLP in, spend out, the alarms on both. */
import type { Alarm, Route, Surface, TableUse } from '@gatehouse/contracts/surface';

/** Exporters are admitted by the revocation log, read every two seconds and not for each call. */
const polled: TableUse = { capability: 'access', actions: ['dynamodb:Query'], leadingKeys: ['REVOCATION#*', 'SIGNING-KEYS'] };
/** Entries, cells, counters and the fact of a chunk go in one transaction of puts and updates. */
const ledger: TableUse = {
  capability: 'usage',
  actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
};
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
    ingest: { handler: 'packages/usage/ingest.lambda.handler', timeoutSeconds: 10, memoryMb: 1024, tables: [polled, ledger] },
    publish: { handler: 'packages/usage/publish.lambda.handler', timeoutSeconds: 30, memoryMb: 512, publishes: true },
  },
  routes: [
    ...signals.map((signal): Route => ({ name: signal, method: 'POST', path: `/v1/${signal}`, entry: 'ingest', admit: 'polled:otlp' })),
    ...refused,
  ],
  streams: ['publish'],
  alarms: [
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
        'Tokens were used of a model that the price book does not know. They are kept aside and not billed: add the model to the price book.',
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
