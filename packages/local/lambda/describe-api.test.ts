/** What the Lambda API tells of the functions, asked by AWS's own SDK. */
import {
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  ListAliasesCommand,
  ListEventSourceMappingsCommand,
  paginateListFunctions,
} from '@aws-sdk/client-lambda';
import { publisher } from '@gatehouse/contracts/stream-filter';
import type { Surface } from '@gatehouse/contracts/surface';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listen, type TestEndpoint } from '../aws/test-endpoint.ts';
import { createClock } from '../clock.ts';
import type { FunctionSpec } from './contract.ts';
import { describeFunctions } from './describe-api.ts';
import { createLambdaHost } from './host.ts';

const surface: Surface = {
  capability: 'people',
  table: true,
  entries: { publish: { handler: 'x.y', timeoutSeconds: 1, memoryMb: 128 } },
  streams: [publisher],
};
const specs = Array.from(
  { length: 60 },
  (_, n): FunctionSpec => ({
    name: `gatehouse-local-people-${String(n).padStart(2, '0')}`,
    handler: 'packages/local/lambda/fixtures/behaviours.lambda.talk',
    timeoutSeconds: 30,
    memoryMb: 512,
    env: { TABLE_PEOPLE: 'gatehouse-local-people' },
    ...(n === 7 && { concurrency: 3 }),
  }),
);
const arn = 'arn:aws:lambda:us-east-1:000000000000:function:gatehouse-local-people';
const host = createLambdaHost({ clock: createClock(), onLog: () => {} });
for (const spec of specs) host.register(spec);
let endpoint: TestEndpoint;
let lambda: LambdaClient;
beforeAll(async () => {
  endpoint = await listen([], createClock(), { whole: [describeFunctions([surface], host.functions)], lambda: host });
  lambda = new LambdaClient(endpoint.client);
});
afterAll(async () => {
  await endpoint.close();
  await host.close();
});

describe('the functions', () => {
  it('are listed by name, a page at a time', async () => {
    const pages: number[] = [];
    const names: string[] = [];
    for await (const { Functions = [] } of paginateListFunctions({ client: lambda }, {})) {
      pages.push(Functions.length);
      names.push(...Functions.map(({ FunctionName = '' }) => FunctionName));
    }
    expect(pages).toEqual([50, 10]);
    expect(names).toEqual(specs.map(({ name }) => name));
  });

  it('tell what they are made of, by name, by ARN and by alias', async () => {
    const wanted = { FunctionName: specs[7]?.name, MemorySize: 512, Timeout: 30, Environment: { Variables: specs[7]?.env } };
    for (const FunctionName of [specs[7]?.name, `${arn}-07`, `${arn}-07:live`])
      expect(await lambda.send(new GetFunctionCommand({ FunctionName }))).toMatchObject({
        Configuration: wanted,
        Concurrency: { ReservedConcurrentExecutions: 3 },
      });
    expect(await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: specs[7]?.name }))).toMatchObject(wanted);
    const { Aliases } = await lambda.send(new ListAliasesCommand({ FunctionName: specs[7]?.name }));
    expect(Aliases).toMatchObject([{ Name: 'live', AliasArn: `${arn}-07:live` }]);
  });

  it('that are none are not found', async () => {
    await expect(lambda.send(new GetFunctionCommand({ FunctionName: 'none' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('tell with an answer what they printed, when that is asked', async () => {
    const [asked, other] = await Promise.all(
      (['Tail', 'None'] as const).map((LogType) =>
        lambda.send(new InvokeCommand({ FunctionName: specs[0]?.name, LogType, Payload: '{"lines":["hello","world"]}' })),
      ),
    );
    expect(Buffer.from(asked?.LogResult ?? '', 'base64').toString()).toBe('hello\nworld\nno newline');
    expect(other?.LogResult).toBeUndefined();
  });
});

describe('the streams mapped to them', () => {
  it('are told with their filters and what becomes of a record that cannot be handled', async () => {
    const { EventSourceMappings } = await lambda.send(
      new ListEventSourceMappingsCommand({ FunctionName: 'gatehouse-local-people-publish' }),
    );
    expect(EventSourceMappings).toMatchObject([
      {
        FunctionArn: `${arn}-publish:live`,
        EventSourceArn: expect.stringContaining(':table/gatehouse-local-people/stream/'),
        FilterCriteria: { Filters: [{ Pattern: JSON.stringify(publisher.filters[0]) }] },
        DestinationConfig: { OnFailure: { Destination: expect.stringContaining('gatehouse-local-people-dead-letters') } },
      },
    ]);
    expect((await lambda.send(new ListEventSourceMappingsCommand({ FunctionName: 'other' }))).EventSourceMappings).toEqual([]);
  });
});
