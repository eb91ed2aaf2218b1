/**
 * The embedded IAM: a function may do what its surface says and nothing else, so that a missing permission fails here and not in the
 * account. People with the CLI, whose access key is no function's name, may do everything.
 */
import { functionName, tableName } from '@gatehouse/contracts/names';
import type { Entry, Surface, TableUse } from '@gatehouse/contracts/surface';
import type { Authorize } from './endpoint.ts';
import { AwsError, account, region } from './service.ts';

/** The physical ARNs behind the names in surfaces. */
export interface Arns {
  /** `<capability>/<key>` */
  key(key: string): string;
  secret(capability: string, secret: string): string;
  /** The function that does a step, by physical name. */
  step(step: string): string;
  /** The machine's ARN without an alias. */
  machine(machine: string): string;
  bus: string;
}

interface Caller {
  surface: Surface;
  entry: Entry;
}

/** Looks up callers when they call: functions may be registered after this is made. */
export function createAuthorize(stage: string, surfaces: readonly Surface[], arns: Arns): Authorize {
  const callers = new Map<string, Caller>();
  for (const surface of surfaces)
    for (const [name, entry] of Object.entries(surface.entries))
      callers.set(functionName(stage, surface.capability, name), { surface, entry });
  return (name, target, operation, input) => {
    const caller = callers.get(name);
    if (!caller) return undefined;
    for (const { action, resource, allowed } of asked(stage, caller, target, operation, (input ?? {}) as Input, arns)) {
      if (!allowed) return denied(name, action, resource);
    }
    return undefined;
  };
}

// biome-ignore lint/suspicious/noExplicitAny: what the SDK sent, of any operation; each use checks what it reads.
type Input = any;

interface Asked {
  action: string;
  resource: string;
  allowed: boolean;
}

function asked(stage: string, { surface, entry }: Caller, target: string, operation: string, input: Input, arns: Arns): Asked[] {
  switch (target) {
    case 'DynamoDB_20120810':
      return tableCalls(operation, input).map(({ action, table, key, index }) => ({
        action,
        resource: `arn:aws:dynamodb:${region}:${account}:table/${table}${index ? `/index/${index}` : ''}`,
        allowed: (entry.tables ?? []).some((use) => allowsTable(stage, use, action, table, key)),
      }));
    case 'TrentService': {
      const action = `kms:${operation}`;
      const id = String(input.KeyId);
      return [
        {
          action,
          resource: id,
          allowed: (entry.keys ?? []).some((use) => arns.key(use.key) === id && use.actions.some((one) => one === action)),
        },
      ];
    }
    case 'secretsmanager': {
      const id = String(input.SecretId);
      const mine = (entry.secrets ?? []).some((secret) => arns.secret(surface.capability, secret) === id);
      return [{ action: `secretsmanager:${operation}`, resource: id, allowed: operation === 'GetSecretValue' && mine }];
    }
    case 'AWSLambda': {
      const name = String(input.FunctionName);
      return [{ action: 'lambda:InvokeFunction', resource: name, allowed: (entry.calls ?? []).some((step) => arns.step(step) === name) }];
    }
    case 'AWSEvents':
      return ((input.Entries ?? []) as { EventBusName?: string }[]).map(({ EventBusName = 'default' }) => ({
        action: `events:${operation}`,
        resource: EventBusName,
        allowed: operation === 'PutEvents' && entry.publishes === true && EventBusName.split('/').at(-1) === arns.bus,
      }));
    case 'AWSStepFunctions':
      return [statesCall(entry, operation, input, arns)];
    default:
      return [{ action: `${target}:${operation}`, resource: '*', allowed: false }];
  }
}

function statesCall(entry: Entry, operation: string, input: Input, arns: Arns): Asked {
  const action = `states:${operation}`;
  const machines = (entry.starts ?? []).map((machine) => arns.machine(machine));
  if (operation === 'StartExecution') {
    const resource = String(input.stateMachineArn);
    // An unqualified start is not bound to a version: only the alias may be started.
    return { action, resource, allowed: machines.some((arn) => resource.startsWith(`${arn}:`)) };
  }
  // A task token is its own key; IAM knows no narrower resource than the machine.
  if (operation === 'SendTaskSuccess') return { action, resource: machines.join(), allowed: (entry.resumes ?? []).length > 0 };
  const execution = String(input.executionArn ?? '');
  const ofMachine = machines.some((arn) => execution.startsWith(`${arn.replace(':stateMachine:', ':execution:')}:`));
  return { action, resource: execution, allowed: operation === 'DescribeExecution' && ofMachine };
}

interface TableCall {
  action: string;
  table: string;
  key?: string | undefined;
  index?: string | undefined;
}

const writes = { Put: 'PutItem', Update: 'UpdateItem', Delete: 'DeleteItem', ConditionCheck: 'ConditionCheckItem' } as const;

/** A call as IAM sees it: a transaction asks for the action of each of its items. */
function tableCalls(operation: string, input: Input): TableCall[] {
  const action = `dynamodb:${operation}`;
  switch (operation) {
    case 'TransactWriteItems':
      return ((input.TransactItems ?? []) as Input[]).flatMap((item) =>
        Object.entries(writes).flatMap(([kind, name]) => {
          const write = item[kind];
          return write ? [{ action: `dynamodb:${name}`, table: String(write.TableName), key: partition(write.Key ?? write.Item) }] : [];
        }),
      );
    case 'TransactGetItems':
      return ((input.TransactItems ?? []) as Input[]).map(({ Get }) => ({
        action: 'dynamodb:GetItem',
        table: String(Get?.TableName),
        key: partition(Get?.Key),
      }));
    case 'BatchGetItem':
      return Object.entries((input.RequestItems ?? {}) as Record<string, Input>).flatMap(([table, { Keys }]) =>
        ((Keys ?? []) as Input[]).map((key) => ({ action, table, key: partition(key) })),
      );
    case 'BatchWriteItem':
      return Object.entries((input.RequestItems ?? {}) as Record<string, Input[]>).flatMap(([table, requests]) =>
        requests.map(({ PutRequest, DeleteRequest }) => ({ action, table, key: partition(PutRequest?.Item ?? DeleteRequest?.Key) })),
      );
    case 'Query':
      return [{ action, table: String(input.TableName), key: queried(input), index: input.IndexName as string | undefined }];
    default:
      return [
        { action, table: String(input.TableName), key: partition(input.Key ?? input.Item), index: input.IndexName as string | undefined },
      ];
  }
}

function partition(item: Input): string | undefined {
  return item?.pk?.S as string | undefined;
}

/** The partition that a query names: `#pk = :pk`, `pk = :pk`. */
function queried(input: Input): string | undefined {
  for (const [, name = '', value = ''] of String(input.KeyConditionExpression ?? '').matchAll(/(#?\w+)\s*=\s*(:\w+)/g)) {
    const attribute = (input.ExpressionAttributeNames as Record<string, string> | undefined)?.[name] ?? name;
    if (attribute === 'pk' || attribute === 'gsi1pk')
      return (input.ExpressionAttributeValues as Record<string, { S?: string }> | undefined)?.[value]?.S;
  }
  return undefined;
}

function allowsTable(stage: string, use: TableUse, action: string, table: string, key: string | undefined): boolean {
  if (tableName(stage, use.capability) !== table.split('/').at(-1)) return false;
  if (!use.actions.some((one) => one === action)) return false;
  if (use.leadingKeys === undefined) return true;
  return key !== undefined && use.leadingKeys.some((pattern) => like(pattern, key));
}

/** IAM's StringLike: `*` any run of characters, `?` one. */
function like(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(text);
}

function denied(caller: string, action: string, resource: string): AwsError {
  return new AwsError(
    'AccessDeniedException',
    `User: arn:aws:sts::${account}:assumed-role/${caller}/${caller} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
  );
}
