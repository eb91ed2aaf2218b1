/** List prices of us-east-1 in dollars, without any free tier but the three dashboards, each with where it was read and when. Data alone. */

export interface Price {
  dollars: number;
  /** What one of it is. */
  per: string;
  /** AWS's page that has the last word. */
  page: string;
  /** Where the figure was read; undefined where it could not be. */
  read?: {
    at: string;
    /** The month that the text names; undefined where it names none. */
    month?: string;
    by: 'AWS' | 'others';
  };
}

const cloudwatch = 'https://aws.amazon.com/cloudwatch/pricing/';
const dynamodb = 'https://aws.amazon.com/dynamodb/pricing/on-demand/';
const lambda = 'https://aws.amazon.com/lambda/pricing/';
const eventbridge = 'https://aws.amazon.com/eventbridge/pricing/';
const secretsManager = 'https://aws.amazon.com/secrets-manager/pricing/';
const kms = 'https://aws.amazon.com/kms/pricing/';
const waf = 'https://aws.amazon.com/waf/pricing/';

const others = (at: string, month?: string): Required<Pick<Price, 'read'>>['read'] => ({ at, by: 'others', ...(month && { month }) });
const cloudwatchRead = others('https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards/', '2026-06');
const secretsRead = others('https://hivebook.wiki/wiki/aws-secrets-manager-rotated-secrets-dynamic-db-credentials-kms');
const lambdaRead = others('https://git.mcrn.ar/mariano/lambda_local_runner/src/branch/main/docs/lambdas-md/lambda-13-cost.md', '2026-05');
const dynamodbRead = others('https://airbyte.com/data-engineering-resources/dynamodb-pricing', '2025-07');
const eventbridgeRead = others('https://cloudburn.io/blog/amazon-eventbridge-pricing', '2026-03');
const wafRead = others('https://c3x.dev/blog/aws-waf-cost-explained/');

export const prices = {
  endpointHour: {
    dollars: 0.01,
    per: 'hour of an interface endpoint in a zone',
    page: 'https://aws.amazon.com/privatelink/pricing/',
    read: others('https://awsnegotiations.com/privatelink-cost-analysis.html', '2026-05'),
  },
  key: { dollars: 1, per: 'KMS key and month', page: kms, read: { at: kms, by: 'AWS' } },
  sign: {
    dollars: 0.15 / 10_000,
    per: 'signature by an elliptic curve key',
    page: kms,
    read: others('https://www.factualminds.com/blog/aws-kms-pricing-keys-requests-multi-region/', '2026-06'),
  },
  secret: { dollars: 0.4, per: 'secret and month', page: secretsManager, read: secretsRead },
  secretRead: { dollars: 0.05 / 10_000, per: 'read of a secret', page: secretsManager, read: secretsRead },
  alarm: { dollars: 0.1, per: 'alarm and month', page: cloudwatch },
  metric: {
    dollars: 0.3,
    per: 'custom metric and month, by the hours in which it is sent',
    page: cloudwatch,
    read: others('https://signoz.io/guides/cloudwatch-pricing', '2026-02'),
  },
  dashboard: { dollars: 3, per: 'dashboard and month above three', page: cloudwatch, read: cloudwatchRead },
  logByte: { dollars: 0.5 / 1e9, per: 'byte of log taken in', page: cloudwatch, read: cloudwatchRead },
  request: {
    dollars: 3.5 / 1e6,
    per: 'request of a REST API',
    page: 'https://aws.amazon.com/api-gateway/pricing/',
    read: {
      at: 'https://docs.aws.amazon.com/whitepapers/latest/best-practices-api-gateway-private-apis-integration/cost-optimization.html',
      by: 'AWS',
    },
  },
  invocation: { dollars: 0.2 / 1e6, per: 'invocation', page: lambda, read: lambdaRead },
  gigabyteSecond: { dollars: 0.0000133334, per: 'gigabyte and second on arm64', page: lambda, read: lambdaRead },
  writeUnit: { dollars: 0.625 / 1e6, per: 'write request unit', page: dynamodb, read: dynamodbRead },
  readUnit: { dollars: 0.125 / 1e6, per: 'read request unit', page: dynamodb, read: dynamodbRead },
  event: { dollars: 1 / 1e6, per: 'event on a bus of our own', page: eventbridge, read: eventbridgeRead },
  schedule: { dollars: 1 / 1e6, per: 'invocation by a schedule', page: eventbridge, read: eventbridgeRead },
  wall: { dollars: 5, per: 'web ACL and month', page: waf, read: wafRead },
  wallRule: { dollars: 1, per: 'rule of a web ACL and month', page: waf, read: wafRead },
} as const satisfies Readonly<Record<string, Price>>;
export type Priced = keyof typeof prices;

/** The two deployments of the same gateway that publish a figure, in dollars a month before any prompt. */
export const peers = [
  { name: 'a gateway on two Fargate tasks, a load balancer and a database', dollars: 40 },
  { name: 'the vendor sample of the same with six endpoints', dollars: 37 },
] as const;
