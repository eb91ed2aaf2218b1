/** Proves what a function may do with real clients over HTTP: the services behind answer every call that gets through. */
import type { AddressInfo } from 'node:net';
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { DecryptCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SendTaskSuccessCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { Surface } from '@gatehouse/contracts/surface';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClock } from '../clock.ts';
import { createAccess, stringLike } from './access.ts';
import { createEndpoint } from './endpoint.ts';
import type { AwsService, Operation } from './service.ts';

const small = { timeoutSeconds: 5, memoryMb: 128 };
const surfaces: Surface[] = [
  {
    capability: 'access',
    table: true,
    entries: {
      token: {
        ...small,
        handler: 'packages/access/token.lambda.exchange',
        tables: [
          { capability: 'access', actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:ConditionCheckItem', 'dynamodb:Query'] },
          {
            capability: 'people',
            actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:Scan'],
            leadingKeys: ['PERSON#*', 'ALIAS#?'],
          },
        ],
        keys: [{ key: 'access/signing', actions: ['kms:Sign'] }],
        secrets: ['pepper'],
        calls: ['admit-person'],
        starts: ['offboarding'],
      },
      publisher: { ...small, handler: 'packages/access/outbox.lambda.publish', publishes: true },
      approve: { ...small, handler: 'packages/access/approve.lambda.approve', resumes: ['offboarding'] },
    },
  },
  {
    capability: 'people',
    table: true,
    entries: { admit: { ...small, handler: 'packages/people/admit.lambda.admit' } },
    steps: { 'admit-person': 'admit' },
  },
];

const anything: AwsService['operations'] = new Proxy(
  {},
  { getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true, value: null }), get: (): Operation => () => ({}) },
);
const services: AwsService[] = [
  { targets: ['DynamoDB_20120810', 'AWSStepFunctions'], json: '1.0', operations: anything },
  { targets: ['TrentService', 'secretsmanager', 'AWSEvents'], json: '1.1', operations: anything },
];
const clock = createClock();
const keyId = '11111111-2222-3333-4444-555555555555';
const server = createEndpoint({
  services,
  clock,
  lambda: { has: () => true, invoke: async () => ({ value: null }), invokeAsync: () => {} },
  authorize: createAccess({
    surfaces,
    stage: 'local',
    aliasOf: (id) => (id.endsWith(keyId) ? 'alias/gatehouse-local-access-signing' : undefined),
  }),
});
let options: (caller: string) => {
  endpoint: string;
  region: string;
  maxAttempts: number;
  credentials: { accessKeyId: string; secretAccessKey: string };
};
let dynamo: DynamoDBClient;

beforeAll(async () => {
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  options = (accessKeyId) => ({ endpoint, region: 'us-east-1', maxAttempts: 1, credentials: { accessKeyId, secretAccessKey: 'x' } });
  dynamo = new DynamoDBClient(options('gatehouse-local-access-token'));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const allowed = (call: Promise<unknown>) => expect(call).resolves.toBeDefined();
const denied = (call: Promise<unknown>, action?: string) =>
  expect(call).rejects.toMatchObject({
    name: 'AccessDeniedException',
    ...(action && { message: expect.stringContaining(`not authorized to perform: ${action} on resource: `) }),
  });
const own = 'gatehouse-local-access';
const others = 'gatehouse-local-people';
const pk = (S: string) => ({ pk: { S }, sk: { S: 'x' } });

describe('access to tables', () => {
  it('allows what the surface grants and says exactly what is refused', async () => {
    await allowed(dynamo.send(new PutItemCommand({ TableName: own, Item: pk('a') })));
    await allowed(dynamo.send(new PutItemCommand({ TableName: `arn:aws:dynamodb:us-east-1:000000000000:table/${own}`, Item: pk('a') })));
    await expect(dynamo.send(new PutItemCommand({ TableName: others, Item: pk('PERSON#1') }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message:
        'User: arn:aws:sts::000000000000:assumed-role/gatehouse-local-access-token/gatehouse-local-access-token is not authorized to perform: dynamodb:PutItem on resource: arn:aws:dynamodb:us-east-1:000000000000:table/gatehouse-local-people because no identity-based policy allows the dynamodb:PutItem action',
    });
    await denied(dynamo.send(new ScanCommand({ TableName: own })), 'dynamodb:Scan');
  });

  it('covers the indexes of a table', async () => {
    const query = { KeyConditionExpression: 'gsi1pk = :v', ExpressionAttributeValues: { ':v': { S: 'PERSON#1' } }, IndexName: 'gsi1' };
    await allowed(dynamo.send(new QueryCommand({ TableName: own, ...query })));
    await allowed(dynamo.send(new QueryCommand({ TableName: others, ...query })));
    await denied(dynamo.send(new QueryCommand({ TableName: others, ...query, ExpressionAttributeValues: { ':v': { S: 'CASE#1' } } })));
  });

  it('holds reads of another table to the leading keys', async () => {
    await allowed(dynamo.send(new GetItemCommand({ TableName: others, Key: pk('PERSON#1') })));
    await allowed(dynamo.send(new GetItemCommand({ TableName: others, Key: pk('ALIAS#1') })));
    await denied(dynamo.send(new GetItemCommand({ TableName: others, Key: pk('ALIAS#12') })), 'dynamodb:GetItem');
    await denied(dynamo.send(new GetItemCommand({ TableName: others, Key: pk('GRANT#1') })));
    await denied(dynamo.send(new ScanCommand({ TableName: others })), 'dynamodb:Scan');
    const named = { KeyConditionExpression: '#p = :v AND begins_with(sk, :s)', ExpressionAttributeNames: { '#p': 'pk' } };
    const values = (S: string) => ({ ':v': { S }, ':s': { S: 'PERSON#' } });
    await allowed(dynamo.send(new QueryCommand({ TableName: others, ...named, ExpressionAttributeValues: values('PERSON#1') })));
    await denied(dynamo.send(new QueryCommand({ TableName: others, ...named, ExpressionAttributeValues: values('GRANT#1') })));
  });

  it('asks about every table and key of a batch', async () => {
    const get = (...keys: string[]) => ({ Keys: keys.map(pk) });
    await allowed(dynamo.send(new BatchGetItemCommand({ RequestItems: { [others]: get('PERSON#1', 'PERSON#2') } })));
    await denied(dynamo.send(new BatchGetItemCommand({ RequestItems: { [others]: get('PERSON#1', 'GRANT#1') } })), 'dynamodb:BatchGetItem');
    await denied(dynamo.send(new BatchGetItemCommand({ RequestItems: { [others]: get('PERSON#1'), [own]: get('x') } })));
    await denied(
      dynamo.send(new BatchWriteItemCommand({ RequestItems: { [own]: [{ PutRequest: { Item: pk('a') } }] } })),
      'dynamodb:BatchWriteItem',
    );
  });

  it('asks for the own action of every item of a transaction', async () => {
    const Put = { TableName: own, Item: pk('a') };
    const ConditionCheck = { TableName: own, Key: pk('a'), ConditionExpression: 'attribute_exists(pk)' };
    await allowed(dynamo.send(new TransactWriteItemsCommand({ TransactItems: [{ Put }, { ConditionCheck }] })));
    await denied(
      dynamo.send(new TransactWriteItemsCommand({ TransactItems: [{ Put }, { Delete: { TableName: own, Key: pk('a') } }] })),
      'dynamodb:DeleteItem',
    );
    await denied(
      dynamo.send(
        new TransactWriteItemsCommand({ TransactItems: [{ Put }, { ConditionCheck: { ...ConditionCheck, TableName: others } }] }),
      ),
      'dynamodb:ConditionCheckItem',
    );
  });
});

describe('access to everything else', () => {
  it('takes a key by alias, alias ARN, id and ARN, for the granted action only', async () => {
    const kms = new KMSClient(options('gatehouse-local-access-token'));
    const arn = 'arn:aws:kms:us-east-1:000000000000:';
    const sign = (KeyId: string) => kms.send(new SignCommand({ KeyId, Message: new Uint8Array(1), SigningAlgorithm: 'ECDSA_SHA_256' }));
    for (const id of ['alias/gatehouse-local-access-signing', `${arn}alias/gatehouse-local-access-signing`, keyId, `${arn}key/${keyId}`])
      await allowed(sign(id));
    await denied(sign('alias/gatehouse-local-usage-signing'), 'kms:Sign');
    await denied(sign('22222222-2222-3333-4444-555555555555'));
    await denied(kms.send(new DecryptCommand({ KeyId: keyId, CiphertextBlob: new Uint8Array(1) })), 'kms:Decrypt');
  });

  it('takes a secret by name and ARN', async () => {
    const secrets = new SecretsManagerClient(options('gatehouse-local-access-token'));
    const get = (SecretId: string) => secrets.send(new GetSecretValueCommand({ SecretId }));
    await allowed(get('gatehouse/local/access/pepper'));
    await allowed(get('arn:aws:secretsmanager:us-east-1:000000000000:secret:gatehouse/local/access/pepper-AbCdEf'));
    await denied(get('gatehouse/local/access/pepper-2'), 'secretsmanager:GetSecretValue');
    await denied(get('gatehouse/local/people/scim'));
  });

  it('lets a function call the steps it names, by their alias', async () => {
    const lambda = new LambdaClient(options('gatehouse-local-access-token'));
    const call = (FunctionName: string, Qualifier?: string) => lambda.send(new InvokeCommand({ FunctionName, Qualifier }));
    await allowed(call('gatehouse-local-people-admit', 'live'));
    await denied(call('gatehouse-local-people-admit'), 'lambda:InvokeFunction');
    await denied(call('gatehouse-local-access-publisher', 'live'));
  });

  it('lets a function start the machines it names, by their alias', async () => {
    const states = new SFNClient(options('gatehouse-local-access-token'));
    const start = (name: string) =>
      states.send(new StartExecutionCommand({ stateMachineArn: `arn:aws:states:us-east-1:000000000000:stateMachine:${name}` }));
    await allowed(start('gatehouse-local-offboarding:live'));
    await denied(start('gatehouse-local-offboarding'), 'states:StartExecution');
    await denied(start('gatehouse-local-onboarding:live'));
  });

  it('lets only those who resume machines answer a task token', async () => {
    const answer = (caller: string) => new SFNClient(options(caller)).send(new SendTaskSuccessCommand({ taskToken: 't', output: '{}' }));
    await allowed(answer('gatehouse-local-access-approve'));
    await denied(answer('gatehouse-local-access-token'), 'states:SendTaskSuccess');
  });

  it('lets only the publisher put events, on the product bus only', async () => {
    const put = (caller: string, ...buses: (string | undefined)[]) =>
      new EventBridgeClient(options(caller)).send(
        new PutEventsCommand({
          Entries: buses.map((EventBusName) => ({ Source: 'gatehouse.access', DetailType: 'x', Detail: '{}', EventBusName })),
        }),
      );
    await allowed(
      put('gatehouse-local-access-publisher', 'gatehouse-local', 'arn:aws:events:us-east-1:000000000000:event-bus/gatehouse-local'),
    );
    await denied(put('gatehouse-local-access-publisher', 'gatehouse-local', undefined), 'events:PutEvents');
    await denied(put('gatehouse-local-access-token', 'gatehouse-local'));
  });

  it('lets people do everything', async () => {
    await allowed(new DynamoDBClient(options('AKIAPERSON')).send(new ScanCommand({ TableName: others })));
  });
});

describe('StringLike', () => {
  it.each([
    ['PERSON#*', 'PERSON#per_1', true],
    ['PERSON#*', 'xPERSON#1', false],
    ['A?C', 'ABC', true],
    ['A?C', 'AC', false],
    ['a.c', 'abc', false],
    ['*', '', true],
  ])('%s against %s is %s', (pattern, value, expected) => {
    expect(stringLike(pattern, value)).toBe(expected);
  });
});
