/** The AWS endpoint of a running stack, asked by unmodified SDK clients, as an admin or a script asks it. */
import { createPublicKey, verify } from 'node:crypto';
import { CreateTableCommand, DescribeTableCommand, DynamoDBClient, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  EventBridgeClient,
  ListEventBusesCommand,
  ListRulesCommand,
  PutEventsCommand,
  TestEventPatternCommand,
} from '@aws-sdk/client-eventbridge';
import {
  GetPublicKeyCommand,
  KMSClient,
  KMSInvalidSignatureException,
  ListAliasesCommand,
  SignCommand,
  VerifyCommand,
} from '@aws-sdk/client-kms';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  ExecutionAlreadyExists,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  ListStateMachineAliasesCommand,
  ListStateMachinesCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient, GetCommand, TransactGetCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Stack, startStack } from '../support/stack.ts';

let stack: Stack;
let states: SFNClient;
let events: EventBridgeClient;
let kms: KMSClient;
let documents: DynamoDBDocumentClient;
let dynamodb: DynamoDBClient;
let secrets: SecretsManagerClient;

beforeAll(async () => {
  stack = await startStack();
  const config = { endpoint: stack.aws, region: 'us-east-1', credentials: { accessKeyId: 'AKIDPERSON', secretAccessKey: 'any' } };
  states = new SFNClient(config);
  events = new EventBridgeClient(config);
  kms = new KMSClient(config);
  dynamodb = new DynamoDBClient(config);
  documents = DynamoDBDocumentClient.from(dynamodb);
  secrets = new SecretsManagerClient(config);
});
afterAll(() => stack?.stop());

async function machine(): Promise<string> {
  const { stateMachines = [] } = await states.send(new ListStateMachinesCommand({}));
  const found = stateMachines.find(({ name }) => name?.endsWith('offboarding'));
  return found?.stateMachineArn ?? '';
}

async function run(input: string, name?: string): Promise<{ arn: string; status: string; error: string; cause: string; output: string }> {
  const { executionArn: arn = '' } = await states.send(new StartExecutionCommand({ stateMachineArn: await machine(), input, name }));
  return stack.until(async () => {
    const { status = '', error = '', cause = '', output = '' } = await states.send(new DescribeExecutionCommand({ executionArn: arn }));
    return status === 'RUNNING' ? undefined : { arn, status, error, cause, output };
  });
}

async function statesEntered(executionArn: string): Promise<string[]> {
  const { events: history = [] } = await states.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }));
  return history.flatMap((event) => event.stateEnteredEventDetails?.name ?? []);
}

describe('Step Functions', () => {
  it('describes the offboarding machine with every placeholder filled', async () => {
    const described = await states.send(new DescribeStateMachineCommand({ stateMachineArn: await machine() }));
    expect(described).toMatchObject({ type: 'STANDARD', status: 'ACTIVE', roleArn: expect.stringContaining(':role/') });
    expect(described.definition).not.toContain('${');
    expect(JSON.parse(described.definition ?? '')).toMatchObject({ StartAt: 'Open the case', QueryLanguage: 'JSONata' });
    const { stateMachineAliases = [] } = await states.send(new ListStateMachineAliasesCommand({ stateMachineArn: await machine() }));
    expect(stateMachineAliases.map(({ stateMachineAliasArn }) => stateMachineAliasArn?.split(':').at(-1))).toEqual(['live']);
  });

  it('runs a dry run that an admin starts by hand, and shows its history', async () => {
    const ended = await run(JSON.stringify({ person: 'alice@example.com', reason: 'left the company', dry_run: true }));
    expect(ended).toMatchObject({ status: 'SUCCEEDED' });
    expect(await statesEntered(ended.arn)).toEqual(
      expect.arrayContaining(['Open the case', 'Confirm with the directory', 'List what would be cut', 'Show the plan']),
    );
    const { executions = [] } = await states.send(
      new ListExecutionsCommand({ stateMachineArn: await machine(), statusFilter: 'SUCCEEDED' }),
    );
    expect(executions.map(({ executionArn }) => executionArn)).toContain(ended.arn);
  });

  it.each([
    ['an unknown person', { person: 'nobody@example.com', reason: 'left' }, 'nobody@example.com'],
    ['a missing reason', { person: 'alice@example.com' }, 'reason'],
    ['an empty reason', { person: 'alice@example.com', reason: '' }, 'reason'],
    ['a missing person', { reason: 'left' }, 'person'],
    ['a person that is no text', { person: 7, reason: 'left' }, 'person'],
    ['a member that nobody knows', { person: 'alice@example.com', reason: 'left', dryrun: true }, 'dryrun'],
    ['a list', [], 'person'],
    ['a text', 'alice@example.com', 'person'],
  ])('refuses %s in the first state, with a sentence that says what to write', async (_name, input, said) => {
    const ended = await run(JSON.stringify(input));
    expect(ended).toMatchObject({ status: 'FAILED', error: 'InvalidRequest' });
    expect(ended.cause).toContain(said);
    expect(ended.cause).toContain('{\\"person\\": \\"alice@example.com\\", \\"reason\\": \\"left the company\\"}');
    expect(await statesEntered(ended.arn)).toEqual(['Open the case']);
  });

  it('takes the same name and input once, and refuses the name for another input', async () => {
    const input = JSON.stringify({ person: 'bob@example.com', reason: 'left', dry_run: true });
    await run(input, 'once');
    await expect(
      states.send(new StartExecutionCommand({ stateMachineArn: await machine(), input: '{}', name: 'once' })),
    ).rejects.toBeInstanceOf(ExecutionAlreadyExists);
  });

  it('refuses input that is not JSON', async () => {
    await expect(states.send(new StartExecutionCommand({ stateMachineArn: await machine(), input: 'not json' }))).rejects.toMatchObject({
      name: 'InvalidExecutionInput',
    });
  });
});

describe('EventBridge', () => {
  it('lists the default, the product and the partner bus, and their rules', async () => {
    const { EventBuses = [] } = await events.send(new ListEventBusesCommand({}));
    const names = EventBuses.map(({ Name }) => Name);
    expect(names).toEqual(expect.arrayContaining(['default', 'gatehouse-local', expect.stringMatching(/^aws\.partner\/okta\.com\//)]));
    const { Rules = [] } = await events.send(new ListRulesCommand({ EventBusName: 'gatehouse-local' }));
    expect(Rules.map(({ Name }) => Name)).toContain('gatehouse-local-lifecycle-person-left');
  });

  it('accepts good entries and says what is wrong with each bad one', async () => {
    const good = { Source: 'test', DetailType: 'Tried', Detail: '{"a":1}', EventBusName: 'gatehouse-local' };
    const { FailedEntryCount, Entries = [] } = await events.send(
      new PutEventsCommand({ Entries: [good, { ...good, Detail: '[]' }, { ...good, DetailType: '' }] }),
    );
    expect(FailedEntryCount).toBe(2);
    expect(Entries.map(({ EventId, ErrorCode }) => (EventId ? 'accepted' : ErrorCode))).toEqual([
      'accepted',
      'MalformedDetail',
      'InvalidArgument',
    ]);
  });

  it('tries a pattern on an event', async () => {
    const event = {
      id: '1',
      account: '1',
      source: 'gatehouse.people',
      time: '2026-11-22T09:00:00Z',
      region: 'us-east-1',
      resources: [],
      'detail-type': 'person-left',
      detail: {},
    };
    const tried = (pattern: object) =>
      events.send(new TestEventPatternCommand({ EventPattern: JSON.stringify(pattern), Event: JSON.stringify(event) }));
    expect((await tried({ source: [{ prefix: 'gatehouse.' }] })).Result).toBe(true);
    expect((await tried({ source: ['aws.states'] })).Result).toBe(false);
    await expect(tried({ source: [{ like: 'gate' }] })).rejects.toMatchObject({ name: 'InvalidEventPatternException' });
  });
});

describe('KMS', () => {
  it('signs what anybody can verify with the public key alone', async () => {
    const { Aliases = [] } = await kms.send(new ListAliasesCommand({}));
    const KeyId = Aliases.find(({ AliasName }) => AliasName?.endsWith('lifecycle-evidence'))?.AliasName;
    const Message = Buffer.from('a message');
    const { Signature = new Uint8Array() } = await kms.send(new SignCommand({ KeyId, Message, SigningAlgorithm: 'ECDSA_SHA_256' }));
    const { PublicKey = new Uint8Array() } = await kms.send(new GetPublicKeyCommand({ KeyId }));
    expect(verify('sha256', Message, createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' }), Signature)).toBe(true);
    const asked = { KeyId, Message, Signature, SigningAlgorithm: 'ECDSA_SHA_256' } as const;
    expect((await kms.send(new VerifyCommand(asked))).SignatureValid).toBe(true);
    await expect(kms.send(new VerifyCommand({ ...asked, Message: Buffer.from('another') }))).rejects.toBeInstanceOf(
      KMSInvalidSignatureException,
    );
  });
});

describe('DynamoDB', () => {
  it('keeps transactions whole', async () => {
    const TableName = 'conformance';
    await dynamodb.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      }),
    );
    expect((await dynamodb.send(new DescribeTableCommand({ TableName }))).Table?.TableStatus).toBe('ACTIVE');
    const put = (pk: string, ConditionExpression?: string) => ({
      Put: { TableName, Item: { pk, amount: 1 }, ...(ConditionExpression && { ConditionExpression }) },
    });
    await documents.send(new TransactWriteCommand({ TransactItems: [put('a'), put('b')] }));
    const broken = documents.send(new TransactWriteCommand({ TransactItems: [put('c'), put('a', 'attribute_not_exists(pk)')] }));
    await expect(broken).rejects.toBeInstanceOf(TransactionCanceledException);
    await expect(broken).rejects.toMatchObject({ CancellationReasons: [{ Code: 'None' }, { Code: 'ConditionalCheckFailed' }] });
    expect((await documents.send(new GetCommand({ TableName, Key: { pk: 'c' } }))).Item).toBeUndefined();
    const both = await documents.send(
      new TransactGetCommand({ TransactItems: ['a', 'b'].map((pk) => ({ Get: { TableName, Key: { pk } } })) }),
    );
    expect(both.Responses?.map(({ Item }) => Item?.pk)).toEqual(['a', 'b']);
  });
});

describe('the endpoint', () => {
  it('hands out a secret to a person', async () => {
    const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: 'gatehouse/local/keys/litellm-key' }));
    expect(SecretString).toMatch(/^sk-/);
  });

  it('says plainly what is not there', async () => {
    const response = await fetch(stack.aws, {
      method: 'POST',
      headers: { 'x-amz-target': 'AmazonEC2ContainerServiceV20141113.CreateCluster' },
      body: '{}',
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ __type: 'UnknownOperationException', message: expect.stringContaining('CreateCluster') });
  });
});
