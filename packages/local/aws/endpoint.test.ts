/** Proves the endpoint's wire behaviour with unmodified SDK clients. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient, GetItemCommand, ListTablesCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, ListRulesCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { afterEach, describe, expect, it } from 'vitest';
import { createClock } from '../clock.ts';
import type { InvokeResult } from '../lambda/contract.ts';
import { createEndpoint, type EndpointOptions } from './endpoint.ts';
import { AwsError, type AwsService } from './service.ts';

const faults: unknown[] = [];
let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  faults.length = 0;
});

async function listen(options: Partial<EndpointOptions>): Promise<string> {
  server = createEndpoint({ services: [], clock: createClock(), onFault: (error) => faults.push(error), ...options });
  await new Promise<void>((ready) => server?.listen(0, '127.0.0.1', ready));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const client = (endpoint: string, accessKeyId = 'person') => ({
  endpoint,
  region: 'us-east-1',
  maxAttempts: 1,
  credentials: { accessKeyId, secretAccessKey: 'x' },
});
const dynamo = (operations: AwsService['operations']): AwsService => ({ targets: ['DynamoDB_20120810'], json: '1.0', operations });

describe('the AWS endpoint', () => {
  it('hands the input and the caller of the signature to the operation', async () => {
    const seen: unknown[] = [];
    const url = await listen({
      services: [
        dynamo({
          ListTables: (input, call) => {
            seen.push(input, call.caller);
            return { TableNames: ['a'] };
          },
        }),
      ],
    });
    const answer = await new DynamoDBClient(client(url, 'gatehouse-local-access-token')).send(new ListTablesCommand({ Limit: 3 }));
    expect(answer.TableNames).toEqual(['a']);
    expect(answer.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(seen).toEqual([{ Limit: 3 }, 'gatehouse-local-access-token']);
  });

  it('lets the SDK rebuild a modelled error with its extra members', async () => {
    const url = await listen({
      services: [
        dynamo({
          PutItem: () => {
            throw new AwsError('ConditionalCheckFailedException', 'The conditional request failed', {
              extra: { Item: { pk: { S: 'x' } } },
            });
          },
        }),
      ],
    });
    const put = new DynamoDBClient(client(url)).send(new PutItemCommand({ TableName: 't', Item: { pk: { S: 'x' } } }));
    await expect(put).rejects.toMatchObject({
      name: 'ConditionalCheckFailedException',
      Item: { pk: { S: 'x' } },
      $metadata: { httpStatusCode: 400 },
    });
  });

  it('answers UnknownOperationException for an unknown target, operation, query call and REST call', async () => {
    const url = await listen({ services: [dynamo({})], lambda: host({}) });
    const name = 'UnknownOperationException';
    await expect(new EventBridgeClient(client(url)).send(new ListRulesCommand({}))).rejects.toMatchObject({
      name,
      message: 'AWSEvents.ListRules is not in the embedded stack',
    });
    await expect(new DynamoDBClient(client(url)).send(new ListTablesCommand({}))).rejects.toMatchObject({ name });
    await expect(new LambdaClient(client(url)).send(new ListFunctionsCommand({}))).rejects.toMatchObject({ name });
    const scope = 'AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/sns/aws4_request, SignedHeaders=host, Signature=0';
    const headers = { authorization: scope, 'content-type': 'application/x-www-form-urlencoded' };
    const query = await fetch(url, { method: 'POST', headers, body: 'Action=Publish&Message=x' });
    expect(await query.text()).toContain(
      '<Code>UnknownOperationException</Code><Message>sns Publish is not in the embedded stack</Message>',
    );
  });

  it('does not mistake an inherited property for an operation', async () => {
    const url = await listen({ services: [dynamo({})] });
    const answer = await fetch(url, { method: 'POST', headers: { 'x-amz-target': 'DynamoDB_20120810.constructor' }, body: '{}' });
    expect(await answer.json()).toMatchObject({ __type: 'UnknownOperationException' });
  });

  it('answers SerializationException for a body that is not a JSON object', async () => {
    const url = await listen({ services: [dynamo({ ListTables: () => ({}) })] });
    for (const body of ['{', '[]', '"x"', 'null']) {
      const answer = await fetch(url, { method: 'POST', headers: { 'x-amz-target': 'DynamoDB_20120810.ListTables' }, body });
      expect([answer.status, await answer.json()]).toMatchObject([400, { __type: 'SerializationException' }]);
    }
  });

  it('hides a bug of the stack behind InternalFailure and reports it', async () => {
    const url = await listen({ services: [dynamo({ GetItem: () => Reflect.get(Object(undefined), 'a').b })] });
    const get = new DynamoDBClient(client(url)).send(new GetItemCommand({ TableName: 't', Key: {} }));
    await expect(get).rejects.toMatchObject({ name: 'InternalFailure', $metadata: { httpStatusCode: 500 } });
    expect(faults).toHaveLength(1);
  });

  it('asks authorize before it runs anything', async () => {
    const asked: unknown[] = [];
    const url = await listen({
      services: [dynamo({ ListTables: () => ({}) })],
      lambda: host({ fn: { value: 1 } }),
      authorize: (caller, target, operation) => {
        asked.push([caller, target, operation]);
        return new AwsError('AccessDeniedException', 'no');
      },
    });
    await expect(new DynamoDBClient(client(url, 'f')).send(new ListTablesCommand({}))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: 'no',
    });
    await expect(new LambdaClient(client(url, 'f')).send(new InvokeCommand({ FunctionName: 'fn' }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      $metadata: { httpStatusCode: 403 },
    });
    expect(asked).toEqual([
      ['f', 'DynamoDB_20120810', 'ListTables'],
      ['f', 'AWSLambda', 'Invoke'],
    ]);
  });

  it('tells stack time in the Date header, by which SDKs set their clocks', async () => {
    const clock = createClock(() => Date.parse('2030-01-01T00:00:00Z'));
    const url = await listen({ clock });
    clock.advance(3600);
    expect((await fetch(url)).headers.get('date')).toBe('Tue, 01 Jan 2030 01:00:00 GMT');
  });
});

describe('the Invoke API', () => {
  const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:fn';
  it('takes a name, an ARN, and the live alias in either', async () => {
    const url = await listen({ lambda: host({ fn: { value: { a: 1 } } }) });
    for (const [FunctionName, Qualifier] of [['fn'], [functionArn], [`${functionArn}:live`], ['fn:live'], ['fn', 'live']] as const) {
      const answer = await new LambdaClient(client(url)).send(new InvokeCommand({ FunctionName, Qualifier, Payload: '{"n":1}' }));
      expect([answer.StatusCode, JSON.parse(answer.Payload?.transformToString() ?? ''), answer.FunctionError]).toEqual([
        200,
        { a: 1 },
        undefined,
      ]);
    }
  });

  it('marks a failed function and returns its error document', async () => {
    const error = { errorType: 'Misconfigured', errorMessage: 'no url', trace: ['at x'] };
    const url = await listen({ lambda: host({ fn: { error } }) });
    const answer = await new LambdaClient(client(url)).send(new InvokeCommand({ FunctionName: 'fn' }));
    expect([answer.FunctionError, JSON.parse(answer.Payload?.transformToString() ?? '')]).toEqual(['Unhandled', error]);
  });

  it('answers 202 for an event, 204 for a dry run, 404 for an unknown function or qualifier, 429 when throttled', async () => {
    const error = { errorType: 'x', errorMessage: 'x' };
    const url = await listen({ lambda: host({ fn: { value: 1 }, full: { error, refused: 'throttled' } }) });
    const lambda = new LambdaClient(client(url));
    expect((await lambda.send(new InvokeCommand({ FunctionName: 'fn', InvocationType: 'Event' }))).StatusCode).toBe(202);
    expect((await lambda.send(new InvokeCommand({ FunctionName: 'fn', InvocationType: 'DryRun' }))).StatusCode).toBe(204);
    for (const FunctionName of ['nope', 'fn:old']) {
      await expect(lambda.send(new InvokeCommand({ FunctionName }))).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    }
    await expect(lambda.send(new InvokeCommand({ FunctionName: 'full' }))).rejects.toMatchObject({ name: 'TooManyRequestsException' });
    await expect(lambda.send(new InvokeCommand({ FunctionName: 'fn', Payload: '{' }))).rejects.toMatchObject({
      name: 'InvalidRequestContentException',
    });
  });
});

function host(functions: Record<string, InvokeResult>): NonNullable<EndpointOptions['lambda']> {
  return {
    has: (name) => name in functions,
    invoke: async (name) => functions[name] ?? { error: { errorType: 'x', errorMessage: 'x' }, refused: 'unknown' },
    invokeAsync: () => {},
  };
}
