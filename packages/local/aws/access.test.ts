import type { Surface } from '@gatehouse/contracts/surface';
import { describe, expect, it } from 'vitest';
import { type Arns, createAuthorize } from './access.ts';

const surface: Surface = {
  capability: 'access',
  table: true,
  entries: {
    token: {
      handler: 'packages/access/token.lambda.handler',
      timeoutSeconds: 10,
      memoryMb: 512,
      tables: [
        { capability: 'access', actions: ['dynamodb:PutItem', 'dynamodb:Query'] },
        { capability: 'people', actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'], leadingKeys: ['PERSON#*'] },
      ],
      keys: [{ key: 'access/signing', actions: ['kms:Sign'] }],
      secrets: ['pepper'],
      calls: ['admit-person'],
      starts: ['offboarding'],
      publishes: true,
    },
  },
};
const arns: Arns = {
  key: (key) => `arn:key:${key}`,
  secret: (capability, secret) => `arn:secret:${capability}:${secret}`,
  step: (step) => `gatehouse-local-people-${step}`,
  machine: (machine) => `arn:aws:states:us-east-1:000000000000:stateMachine:gatehouse-local-${machine}`,
  bus: 'gatehouse-local',
};
const authorize = createAuthorize('local', [surface], arns);
const me = 'gatehouse-local-access-token';
const may = (target: string, operation: string, input: unknown) => authorize(me, target, operation, input)?.type ?? 'allowed';
const dynamo = (operation: string, input: unknown) => may('DynamoDB_20120810', operation, input);
const key = (pk: string) => ({ pk: { S: pk }, sk: { S: 'x' } });

describe('the embedded IAM', () => {
  it('lets people do everything', () => {
    expect(authorize('AKIDOFAPERSON', 'DynamoDB_20120810', 'DeleteTable', { TableName: 'gatehouse-local-access' })).toBeUndefined();
  });
  it('lets a function do what its surface says', () => {
    expect(dynamo('PutItem', { TableName: 'gatehouse-local-access', Item: key('GATE#1') })).toBe('allowed');
  });
  it('denies an action that the surface does not name, and says which', () => {
    expect(
      authorize(me, 'DynamoDB_20120810', 'DeleteItem', { TableName: 'gatehouse-local-access', Key: key('GATE#1') })?.message,
    ).toContain(
      'not authorized to perform: dynamodb:DeleteItem on resource: arn:aws:dynamodb:us-east-1:000000000000:table/gatehouse-local-access',
    );
  });
  it('holds a reader to the leading keys it may read', () => {
    expect(dynamo('GetItem', { TableName: 'gatehouse-local-people', Key: key('PERSON#1') })).toBe('allowed');
    expect(dynamo('GetItem', { TableName: 'gatehouse-local-people', Key: key('ALIAS#1') })).toBe('AccessDeniedException');
    const query = (pk: string) => ({
      TableName: 'gatehouse-local-people',
      KeyConditionExpression: '#pk = :pk',
      ExpressionAttributeNames: { '#pk': 'pk' },
      ExpressionAttributeValues: { ':pk': { S: pk } },
    });
    expect(dynamo('Query', query('PERSON#1'))).toBe('allowed');
    expect(dynamo('Query', query('OUTBOX#1'))).toBe('AccessDeniedException');
  });
  it('asks a batch for each of its keys', () => {
    const batch = (...pks: string[]) => ({ RequestItems: { 'gatehouse-local-people': { Keys: pks.map(key) } } });
    expect(dynamo('BatchGetItem', batch('PERSON#1', 'PERSON#2'))).toBe('allowed');
    expect(dynamo('BatchGetItem', batch('PERSON#1', 'ALIAS#2'))).toBe('AccessDeniedException');
  });
  it('asks a transaction for the action of each item', () => {
    const put = { Put: { TableName: 'gatehouse-local-access', Item: key('GATE#1') } };
    const update = { Update: { TableName: 'gatehouse-local-access', Key: key('GATE#1') } };
    expect(dynamo('TransactWriteItems', { TransactItems: [put] })).toBe('allowed');
    expect(dynamo('TransactWriteItems', { TransactItems: [put, update] })).toBe('AccessDeniedException');
  });
  it('lets a key, a secret, a step, a machine and the bus be used by those who name them only', () => {
    expect(may('TrentService', 'Sign', { KeyId: 'arn:key:access/signing' })).toBe('allowed');
    expect(may('TrentService', 'Sign', { KeyId: 'arn:key:lifecycle/evidence' })).toBe('AccessDeniedException');
    expect(may('TrentService', 'Decrypt', { KeyId: 'arn:key:access/signing' })).toBe('AccessDeniedException');
    expect(may('secretsmanager', 'GetSecretValue', { SecretId: 'arn:secret:access:pepper' })).toBe('allowed');
    expect(may('secretsmanager', 'PutSecretValue', { SecretId: 'arn:secret:access:pepper' })).toBe('AccessDeniedException');
    expect(may('AWSLambda', 'Invoke', { FunctionName: 'gatehouse-local-people-admit-person' })).toBe('allowed');
    expect(may('AWSLambda', 'Invoke', { FunctionName: 'gatehouse-local-keys-purge' })).toBe('AccessDeniedException');
    expect(may('AWSEvents', 'PutEvents', { Entries: [{ EventBusName: 'gatehouse-local' }] })).toBe('allowed');
    expect(may('AWSEvents', 'PutEvents', { Entries: [{}] })).toBe('AccessDeniedException');
  });
  it('lets a machine be started under its alias only', () => {
    const machine = 'arn:aws:states:us-east-1:000000000000:stateMachine:gatehouse-local-offboarding';
    expect(may('AWSStepFunctions', 'StartExecution', { stateMachineArn: `${machine}:live` })).toBe('allowed');
    expect(may('AWSStepFunctions', 'StartExecution', { stateMachineArn: machine })).toBe('AccessDeniedException');
    expect(may('AWSStepFunctions', 'DeleteStateMachine', { stateMachineArn: machine })).toBe('AccessDeniedException');
  });
  it('denies what no surface can name', () => {
    expect(may('AmazonSSM', 'GetParameter', { Name: 'x' })).toBe('AccessDeniedException');
  });
});
