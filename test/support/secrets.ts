/**
 * Looks for every secret of a run in all that its stack keeps or has said: logs, executions with their histories, rows, objects, events and their
 * deliveries. Where secrets belong (Secrets Manager, KMS, the stand-ins' own files) it does not look. It asserts nothing.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { agentTokenOf } from '@gatehouse/local/outside/coder/state';
import { coderServiceToken, companyOf, litellmMasterKey } from './company.ts';
import type { Stack } from './stack.ts';

/** By where it stands. */
export type Kept = ReadonlyMap<string, string>;

/** The stack's own files that people or programs read; executions are asked for, and rows. */
const readFolders = ['objects', 'events', 'executions'];
const readFiles = ['schedules.json', 'backup.json', 'ecs.json'];
/** The pieces of a key that Gatehouse or LiteLLM makes, and of a signed token: also one that nobody here has seen. */
const looksSecret = /\bsk-[\w-]{22,}|\beyJ[\w-]{10,}\.eyJ[\w-]{20,}\.[\w-]{40,}/g;

export async function everythingKept(stack: Stack): Promise<Kept> {
  const texts = new Map([['what the stack printed', stack.output()]]);
  const { aws } = companyOf(stack);
  for (const group of await all(aws, 'Logs_20140328', 'DescribeLogGroups', {}, 'logGroups')) {
    const { logGroupName } = group as { logGroupName: string };
    const events = await all(aws, 'Logs_20140328', 'FilterLogEvents', { logGroupName }, 'events');
    texts.set(logGroupName, (events as { message: string }[]).map(({ message }) => message).join('\n'));
  }
  for (const machine of await all(aws, 'AWSStepFunctions', 'ListStateMachines', {}, 'stateMachines')) {
    const { stateMachineArn } = machine as { stateMachineArn: string };
    for (const execution of await all(aws, 'AWSStepFunctions', 'ListExecutions', { stateMachineArn }, 'executions')) {
      const { executionArn } = execution as { executionArn: string };
      const described = await aws<unknown>('AWSStepFunctions', 'DescribeExecution', { executionArn });
      const history = await all(aws, 'AWSStepFunctions', 'GetExecutionHistory', { executionArn, maxResults: 1000 }, 'events');
      texts.set(executionArn, JSON.stringify([described, history]));
    }
  }
  const { TableNames } = await aws<{ TableNames: string[] }>('DynamoDB_20120810', 'ListTables', {});
  for (const TableName of TableNames) texts.set(TableName, JSON.stringify(await rows(aws, TableName)));
  const state = join(stack.folder, 'state');
  for (const file of [...(await filesOf(state, readFolders)), ...readFiles])
    texts.set(file, await readFile(join(state, file), 'utf8').catch(() => ''));
  return texts;
}

/** What the stack handed out, what its stand-ins made, and what it signs in to others with. */
export async function secretsOf(stack: Stack): Promise<string[]> {
  const coder = (await stateFile(stack, 'outside-coder.json')) as { secrets: { value: string }[]; builds: { id: string }[] };
  const managed = (await stateFile(stack, 'secrets.json')) as { versions: { value: { SecretString?: string } }[] }[];
  return [
    ...[litellmMasterKey, coderServiceToken, 'sk-ant-admin01-local', 'local-directory-token'],
    ...stack.secretsSeen(),
    ...coder.secrets.map(({ value }) => value),
    ...coder.builds.map(({ id }) => agentTokenOf(id)),
    ...managed.flatMap(({ versions }) => versions.flatMap(({ value }) => stringsIn(value.SecretString ?? ''))),
  ];
}

/** @returns a sentence for each place that holds one, with as much of it as tells which. */
export function leaksIn(kept: Kept, secrets: readonly string[]): string[] {
  // Of a token that is signed, the signature makes it one.
  const needles = [...new Set(secrets.map((secret) => /^eyJ[^.]+\.[^.]+\.([^.]{40,})$/.exec(secret)?.[1] ?? secret))];
  return [...kept].flatMap(([where, text]) => [
    ...needles.filter((needle) => text.includes(needle)).map((needle) => `${needle.slice(0, 12)}... is in ${where}`),
    ...[...new Set(text.match(looksSecret))].map((found) => `${found.slice(0, 12)}... looks like a secret in ${where}`),
  ]);
}

type Aws = ReturnType<typeof companyOf>['aws'];

/** Every page of a list. */
async function all(aws: Aws, service: string, operation: string, wish: object, member: string): Promise<unknown[]> {
  const found: unknown[] = [];
  let nextToken: unknown;
  do {
    const page = await aws<Record<string, unknown>>(service, operation, { ...wish, ...(nextToken !== undefined && { nextToken }) });
    found.push(...((page[member] ?? []) as unknown[]));
    nextToken = page.nextToken;
  } while (nextToken);
  return found;
}

async function rows(aws: Aws, TableName: string): Promise<unknown[]> {
  const found: unknown[] = [];
  let ExclusiveStartKey: object | undefined;
  do {
    const page: { Items: unknown[]; LastEvaluatedKey?: object } = await aws('DynamoDB_20120810', 'Scan', {
      TableName,
      ...(ExclusiveStartKey && { ExclusiveStartKey }),
    });
    found.push(...page.Items);
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
  return found;
}

async function filesOf(state: string, folders: readonly string[]): Promise<string[]> {
  const files = await Promise.all(
    folders.map(async (folder) => {
      // Absent until the first object is stored.
      const entries = await readdir(join(state, folder), { recursive: true, withFileTypes: true }).catch(() => []);
      return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath.slice(state.length + 1), entry.name));
    }),
  );
  return files.flat();
}

async function stateFile(stack: Stack, name: string): Promise<unknown> {
  return JSON.parse(await readFile(join(stack.folder, 'state', name), 'utf8'));
}

/** A secret is a text, or JSON of several; what is too short to be looked for says nothing. */
function stringsIn(text: string): string[] {
  try {
    const values = Object.values(JSON.parse(text) as object);
    return values.filter((value): value is string => typeof value === 'string' && value.length >= 16 && !value.startsWith('http'));
  } catch {
    return text.length >= 16 ? [text] : [];
  }
}
