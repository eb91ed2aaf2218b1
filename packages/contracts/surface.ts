/**
 * What a capability shows to the world, as plain data: the stacks deploy it and the embedded stack runs it.
 * A route, a rule, a permission or an alarm is written here and nowhere else.
 */
import type { StreamReader } from './stream-filter.ts';

export const capabilities = [
  'access',
  'policy',
  'usage',
  'people',
  'lifecycle',
  'keys',
  'workspaces',
  'inference',
  'operations',
  'client',
  'console',
] as const;
export type Capability = (typeof capabilities)[number];

/** One audience or scope per surface; `runtime.admit` checks it. */
export type Scope = 'policy' | 'otlp' | 'inference' | 'usage';

/** How a route lets a caller in. `session` reads session state on every call; `polled` trusts a revocation list at most 2 s old. */
export type Admission = 'none' | `session:${Scope}` | `polled:${Scope}` | 'admin' | 'service' | 'scim' | 'hook';

/** What an entry may do with a table. `leadingKeys` are patterns of `dynamodb:LeadingKeys` and are required to read another capability's table. */
export interface TableUse {
  capability: Capability;
  actions: readonly `dynamodb:${string}`[];
  leadingKeys?: readonly string[];
}

/** A KMS key of a capability, named `<capability>/<key>`. */
export interface KeyUse {
  key: string;
  actions: readonly `kms:${string}`[];
}

/** What an entry may do with the objects of a bucket. */
export interface BucketUse {
  /** `<capability>/<bucket>`, of any capability. */
  bucket: string;
  actions: readonly `s3:${string}`[];
  /** Which objects: keys as IAM patterns, e.g. `served/*`. */
  keys: readonly string[];
}

/** One Lambda function. Its physical name is `<app>-<stage>-<capability>-<entry>`. */
export interface Entry {
  /** `<file without .ts>.<export>` from the repository's root, e.g. `packages/access/token.lambda.exchange`. */
  handler: string;
  timeoutSeconds: number;
  memoryMb: number;
  tables?: readonly TableUse[];
  keys?: readonly KeyUse[];
  /** Secrets by name, as `surface.secrets` of this capability declares them. Env: `SECRET_<NAME>_ARN`. */
  secrets?: readonly string[];
  /** Env: `BUCKET_<NAME>`, the bucket's own name. */
  buckets?: readonly BucketUse[];
  /** Steps of other capabilities that this entry calls itself. Env: `STEP_<NAME>_ARN`. */
  calls?: readonly string[];
  /** Machines this entry starts, by short name. Env: `MACHINE_<NAME>_ARN`. */
  starts?: readonly string[];
  /** Machines whose waiting tasks this entry answers with their token (states:SendTaskSuccess). */
  resumes?: readonly string[];
  /** Asks the models of the profile's upstreams in the name of its role. */
  asksModels?: boolean;
  /** Reads people from the profile's directories that are AWS's own (Cognito, IAM Identity Center), in the name of its role. */
  readsDirectories?: boolean;
  /** What it does with the homes that the profile names (`workspaces.homes`), in the name of its role. */
  homes?: 'find' | 'back-up' | 'delete';
  /** What it does with the ECS services that the profile names (`workspaces.ecs`), in the name of its role. */
  hosts?: 'look' | 'stop';
  /** Passes metrics on to CloudWatch's own OTLP endpoint in the name of its role, where the profile says so (`usage.forward_metrics`). */
  forwardsMetrics?: boolean;
  /** Which of the profile's capacities is its: environments set aside, and no more of them than that. */
  capacity?: 'telemetry' | 'inference';
  /** May put events on the product bus. Only the outbox publisher of a capability does. */
  publishes?: boolean;
}

export interface Route {
  /** What the handler calls it: moving the path moves nothing else. */
  name: string;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  entry: string;
  admit: Admission;
  /** The answer leaves while it is made (API Gateway's STREAM transfer mode). All routes of an entry agree, and `runtime/http-stream` makes its handler. */
  stream?: boolean;
}

/** `default`: the account's bus; `product`: ours; `okta`, `auth0`: the partner bus that the profile names. */
export type Bus = 'default' | 'product' | 'okta' | 'auth0';

/** `${stage}`, `${partition}`, `${region}` and `${account}` in a pattern's strings are where the stage is. */
export type Pattern = Readonly<Record<string, unknown>>;

/** Every rule has a dead-letter queue and a retry policy; the stacks add them. */
export interface Rule {
  name: string;
  bus: Bus;
  pattern: Pattern;
  entry: string;
}

export interface Schedule {
  name: string;
  /** EventBridge Scheduler expression, UTC. */
  expression: string;
  entry: string;
}

/** A Standard state machine. Placeholders are the PascalCase names of its steps; each is filled by the ARN of the owner's alias. */
export interface Machine {
  name: string;
  /** From the repository's root. */
  definition: string;
  steps: readonly string[];
}

export interface Alarm {
  name: string;
  /** What happened and what a person does about it. */
  description: string;
  /** `page` wakes somebody, `notify` is for today, `note` for whoever looks. `notify` when left out. */
  severity?: 'page' | 'notify' | 'note';
  /** Only where the capability's part of the profile has this member. */
  where?: string;
  /** One alarm for each value of this list in the capability's part of the profile; `*` in a dimension's value is that value. */
  each?: string;
  namespace: string;
  metric: string;
  dimensions?: Readonly<Record<string, string>>;
  statistic: 'Sum' | 'Maximum' | 'Minimum' | 'Average' | 'SampleCount';
  periodSeconds: number;
  evaluationPeriods: number;
  datapointsToAlarm?: number;
  threshold: number;
  comparison: 'GreaterThanThreshold' | 'GreaterThanOrEqualToThreshold' | 'LessThanThreshold' | 'LessThanOrEqualToThreshold';
  missingData: 'notBreaching' | 'breaching' | 'ignore' | 'missing';
}

/** A metric that this capability's functions write, in namespace `Gatehouse`. Alarms and dashboards name no other. */
export interface Metric {
  name: string;
  unit: 'Count' | 'Seconds' | 'Milliseconds' | 'Bytes' | 'Percent' | 'None';
  /** Each set of dimension names under which it is published; `[]` is the whole stage. */
  sets: readonly (readonly string[])[];
}

/** An asymmetric or symmetric KMS key. */
export interface Key {
  spec: 'ECC_NIST_P256' | 'SYMMETRIC_DEFAULT' | 'HMAC_256';
  usage: 'SIGN_VERIFY' | 'ENCRYPT_DECRYPT' | 'GENERATE_VERIFY_MAC';
  /** Made only where the capability's part of the profile holds this, as for secrets. */
  where?: string;
}

/** A secret that an operator fills in, or that the deployment generates. */
export interface Secret {
  description: string;
  generated: boolean;
  /** Made only where the capability's part of the profile holds this: a path of members, `*` for each of a list, `=value` at its end. */
  where?: string;
}

/** Encrypted, versioned and closed to the public, always. */
export interface Bucket {
  /** Old versions, and objects themselves where `expireObjects` says so, go after so many days. */
  keepDays: number;
  expireObjects: boolean;
  /** Object Lock: nobody deletes or rewrites a version for so long, in COMPLIANCE mode not even the account's root. */
  lock?: { mode: 'GOVERNANCE' | 'COMPLIANCE'; days: number };
}

export interface Surface {
  capability: Capability;
  /** One table a capability: keys pk, sk, gsi1pk, gsi1sk; TTL `expires_at`; stream of new and old images. */
  table: boolean;
  entries: Readonly<Record<string, Entry>>;
  routes?: readonly Route[];
  rules?: readonly Rule[];
  schedules?: readonly Schedule[];
  /** The entries that read this capability's own table stream (its outbox publisher, and what converges from the feed). */
  streams?: readonly StreamReader[];
  machines?: readonly Machine[];
  /** Step name -> entry of this capability that does it. */
  steps?: Readonly<Record<string, string>>;
  alarms?: readonly Alarm[];
  metrics?: readonly Metric[];
  keys?: Readonly<Record<string, Key>>;
  secrets?: Readonly<Record<string, Secret>>;
  buckets?: Readonly<Record<string, Bucket>>;
}
