/** List prices of us-east-1 in dollars, without any free tier but the three dashboards, as AWS's pricing pages stated them in November 2025. Data alone. */

export interface Price {
  dollars: number;
  /** What one of it is. */
  per: string;
  /** The page that states it. */
  source: string;
}

const cloudwatch = 'https://aws.amazon.com/cloudwatch/pricing/';
const dynamodb = 'https://aws.amazon.com/dynamodb/pricing/on-demand/';
const lambda = 'https://aws.amazon.com/lambda/pricing/';
const waf = 'https://aws.amazon.com/waf/pricing/';

export const prices = {
  endpointHour: { dollars: 0.01, per: 'hour of an interface endpoint in a zone', source: 'https://aws.amazon.com/privatelink/pricing/' },
  key: { dollars: 1, per: 'KMS key and month', source: 'https://aws.amazon.com/kms/pricing/' },
  sign: { dollars: 0.15 / 10_000, per: 'signature by an elliptic curve key', source: 'https://aws.amazon.com/kms/pricing/' },
  secret: { dollars: 0.4, per: 'secret and month', source: 'https://aws.amazon.com/secrets-manager/pricing/' },
  secretRead: { dollars: 0.05 / 10_000, per: 'read of a secret', source: 'https://aws.amazon.com/secrets-manager/pricing/' },
  alarm: { dollars: 0.1, per: 'alarm and month', source: cloudwatch },
  metric: { dollars: 0.3, per: 'custom metric and month, by the hours in which it is sent', source: cloudwatch },
  dashboard: { dollars: 3, per: 'dashboard and month above three', source: cloudwatch },
  logByte: { dollars: 0.5 / 1e9, per: 'byte of log taken in', source: cloudwatch },
  request: { dollars: 3.5 / 1e6, per: 'request of a REST API', source: 'https://aws.amazon.com/api-gateway/pricing/' },
  invocation: { dollars: 0.2 / 1e6, per: 'invocation', source: lambda },
  gigabyteSecond: { dollars: 0.0000133334, per: 'gigabyte and second on arm64', source: lambda },
  writeUnit: { dollars: 0.625 / 1e6, per: 'write request unit', source: dynamodb },
  readUnit: { dollars: 0.125 / 1e6, per: 'read request unit', source: dynamodb },
  event: { dollars: 1 / 1e6, per: 'event on a bus of our own', source: 'https://aws.amazon.com/eventbridge/pricing/' },
  schedule: { dollars: 1 / 1e6, per: 'invocation by a schedule', source: 'https://aws.amazon.com/eventbridge/pricing/' },
  wall: { dollars: 5, per: 'web ACL and month', source: waf },
  wallRule: { dollars: 1, per: 'rule of a web ACL and month', source: waf },
} as const satisfies Readonly<Record<string, Price>>;
export type Priced = keyof typeof prices;

/** The two deployments of the same gateway that publish a figure, in dollars a month before any prompt. */
export const peers = [
  { name: 'a gateway on two Fargate tasks, a load balancer and a database', dollars: 40 },
  { name: 'the vendor sample of the same with six endpoints', dollars: 37 },
] as const;
