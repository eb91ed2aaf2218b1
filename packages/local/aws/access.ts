/**
 * IAM of the embedded stack: what each function may do, read from the surfaces that the deployed policies are made from. A function
 * outside its surface is refused as AWS refuses it; any other caller, a person with the CLI, may do everything.
 */
import {
  busName,
  functionAlias,
  functionName,
  keyAlias,
  machineAlias,
  machineName,
  secretName,
  tableName,
} from '@gatehouse/contracts/names';
import type { Capability, Entry, Surface } from '@gatehouse/contracts/surface';
import { homesPower, hostsPower, type Power } from '@gatehouse/core/homes-power';
import type { WorkspacesConfig } from '@gatehouse/core/workspaces-profile';
import { physicalBucket } from '../buckets.ts';
import { type Asked, dynamoRequests } from './access-dynamo.ts';
import { ecsRequests } from './access-ecs.ts';
import { storageRequests } from './access-s3.ts';
import type { Authorize } from './endpoint.ts';
import { AwsError, account, region } from './service.ts';

export interface AccessOptions {
  surfaces: readonly Surface[];
  stage: string;
  /** The profile's homes and hosts, which some entries have power over. */
  workspaces?: WorkspacesConfig;
  /** Answers the alias (`alias/...`) of a key id or key ARN, so that a grant on an alias covers the key behind it. */
  aliasOf?: (keyId: string) => string | undefined;
}

/** One statement of a function's policy. Resources end in `*` where IAM would match a pattern. */
interface Statement {
  actions: readonly string[];
  resources: readonly string[];
  leadingKeys?: readonly string[];
  conditions?: Power<string>['conditions'];
}

/** Of Cognito and the Identity Store, by the names that calls have before they are IAM's. */
const directoryReads = [
  ...['ListUsers', 'ListUsersInGroup', 'AdminListGroupsForUser'].map((operation) => `AWSCognitoIdentityProviderService:${operation}`),
  ...['DescribeUser', 'DescribeGroup', 'ListUsers', 'ListGroupMemberships', 'ListGroupMembershipsForMember'].map(
    (operation) => `AWSIdentityStore:${operation}`,
  ),
];

const arn = (service: string, resource: string) => `arn:aws:${service}:${region}:${account}:${resource}`;

/** `authorize` of the endpoint: answers AccessDeniedException, or undefined to let the call pass. */
export function createAccess({ surfaces, stage, workspaces = {}, aliasOf = () => undefined }: AccessOptions): Authorize {
  const stepOwners = new Map(
    surfaces.flatMap(({ capability, steps = {} }) =>
      Object.entries(steps).map(([step, entry]) => [step, functionName(stage, capability, entry)] as const),
    ),
  );
  const policies = new Map(
    surfaces.flatMap(({ capability, entries }) =>
      Object.entries(entries).map(([name, entry]) => [functionName(stage, capability, name), statementsOf(capability, entry)] as const),
    ),
  );

  function statementsOf(capability: Capability, entry: Entry): Statement[] {
    const statements: Statement[] = [];
    for (const { capability: owner, actions, leadingKeys } of entry.tables ?? []) {
      const table = arn('dynamodb', `table/${tableName(stage, owner)}`);
      statements.push({ actions, resources: [table, `${table}/index/*`], ...(leadingKeys && { leadingKeys }) });
    }
    for (const { key, actions } of entry.keys ?? []) {
      const [owner = capability, name = key] = key.split('/') as [Capability, string];
      statements.push({ actions, resources: [arn('kms', keyAlias(stage, owner, name))] });
    }
    const secrets = (entry.secrets ?? []).map((secret) => arn('secretsmanager', `secret:${secretName(stage, capability, secret)}`));
    if (secrets.length > 0)
      statements.push({ actions: ['secretsmanager:GetSecretValue'], resources: secrets.flatMap((secret) => [secret, `${secret}-??????`]) });
    for (const { bucket, actions, keys } of entry.buckets ?? []) {
      const name = `arn:aws:s3:::${physicalBucket(stage, bucket)}`;
      statements.push({ actions, resources: keys.map((key) => `${name}/${key}`) });
      // Without it S3 answers 403 for an object that is not there.
      if (actions.includes('s3:GetObject')) statements.push({ actions: ['s3:ListBucket'], resources: [name] });
    }
    if (entry.homes && workspaces.homes) statements.push(...homesPower(workspaces.homes, entry.homes, arn));
    if (entry.hosts && workspaces.ecs) statements.push(...hostsPower(workspaces.ecs, entry.hosts, arn));
    if (entry.readsDirectories) statements.push({ actions: directoryReads, resources: ['*'] });
    for (const step of entry.calls ?? [])
      statements.push({
        actions: ['lambda:InvokeFunction'],
        resources: [arn('lambda', `function:${stepOwners.get(step)}:${functionAlias}`)],
      });
    for (const machine of entry.starts ?? [])
      statements.push({
        actions: ['states:StartExecution'],
        resources: [arn('states', `stateMachine:${machineName(stage, machine)}:${machineAlias}`)],
      });
    // A task token names no machine, so neither can the statement.
    if (entry.resumes?.length) statements.push({ actions: ['states:SendTaskSuccess'], resources: ['*'] });
    if (entry.publishes) statements.push({ actions: ['events:PutEvents'], resources: [arn('events', `event-bus/${busName(stage)}`)] });
    return statements;
  }

  return (caller, target, operation, input) => {
    const statements = policies.get(caller);
    if (!statements) return undefined;
    const refused = asked(target, operation, record(input), aliasOf).find(
      (request) => !statements.some((statement) => allows(statement, request)),
    );
    if (!refused) return undefined;
    const user = `arn:aws:sts::${account}:assumed-role/${caller}/${caller}`;
    return new AwsError(
      'AccessDeniedException',
      `User: ${user} is not authorized to perform: ${refused.action} on resource: ${refused.resource} because no identity-based policy allows the ${refused.action} action`,
    );
  };
}

function allows(statement: Statement, { action, resource, leadingKeys, context = {} }: Asked): boolean {
  if (!statement.actions.includes(action) || !statement.resources.some((pattern) => stringLike(pattern, resource))) return false;
  const holds = ({ variable, values }: { variable: string; values: string[] }) =>
    values.some((pattern) => stringLike(pattern, context[variable] ?? ''));
  if (statement.conditions && !statement.conditions.every(holds)) return false;
  if (!statement.leadingKeys) return true;
  // A call that names no partition key (Scan) must not slip through a condition on it.
  return (
    leadingKeys !== undefined &&
    leadingKeys.length > 0 &&
    leadingKeys.every((key) => statement.leadingKeys?.some((pattern) => stringLike(pattern, key)))
  );
}

/** IAM's StringLike: `*` is any text, `?` any one character. */
export function stringLike(pattern: string, value: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(value);
}

/** Every (action, resource) that IAM would ask about for one call. A call that cannot be told apart asks for what nobody is granted. */
function asked(target: string, operation: string, input: Record<string, unknown>, aliasOf: (keyId: string) => string | undefined): Asked[] {
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  switch (target) {
    case 'DynamoDB_20120810':
      return dynamoRequests(operation, input);
    case 'TrentService': {
      const id = text(input.KeyId);
      const alias = id.includes('alias/') ? `alias/${id.split('alias/')[1]}` : aliasOf(id);
      return [{ action: `kms:${operation}`, resource: arn('kms', alias ?? `key/${id.split('key/').at(-1)}`) }];
    }
    case 'secretsmanager': {
      const id = text(input.SecretId);
      return [{ action: `secretsmanager:${operation}`, resource: id.startsWith('arn:') ? id : arn('secretsmanager', `secret:${id}`) }];
    }
    case 'AWSLambda':
      return [
        { action: 'lambda:InvokeFunction', resource: arn('lambda', `function:${text(input.FunctionName)}${qualifier(input.Qualifier)}`) },
      ];
    case 'AWSStepFunctions':
      return [{ action: `states:${operation}`, resource: text(input.stateMachineArn) || text(input.executionArn) || '*' }];
    case 'AWSEvents': {
      const entries = operation === 'PutEvents' && Array.isArray(input.Entries) ? input.Entries.map(record) : [{}];
      return entries.map((entry) => {
        const bus = text(entry.EventBusName) || 'default';
        return { action: `events:${operation}`, resource: bus.startsWith('arn:') ? bus : arn('events', `event-bus/${bus}`) };
      });
    }
    case 'backup':
    case 'elasticfilesystem':
      return Array.isArray(input.asked) ? (input.asked as Asked[]) : [{ action: `${target}:${operation}`, resource: '*' }];
    case 'AmazonEC2ContainerServiceV20141113':
      return ecsRequests(operation, input);
    case 's3':
      return storageRequests(operation, input);
    case 'sts':
      // GetCallerIdentity needs no permission, and there is nothing else.
      return [];
    default:
      return [{ action: `${target}:${operation}`, resource: '*' }];
  }
}

function qualifier(value: unknown): string {
  return typeof value === 'string' && value !== '$LATEST' ? `:${value}` : '';
}
function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
