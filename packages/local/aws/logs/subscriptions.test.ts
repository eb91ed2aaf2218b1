/** Proves subscription filters with the SDK client: who hears what, in which shape, and what is refused. */
import { gunzipSync } from 'node:zlib';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  DeleteSubscriptionFilterCommand,
  DescribeSubscriptionFiltersCommand,
  PutSubscriptionFilterCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClock } from '../../clock.ts';
import { createLogs } from '../logs.ts';
import { listen, type TestEndpoint } from '../test-endpoint.ts';

const clock = createClock();
const heard: { arn: string; document: { logGroup: string; subscriptionFilters: string[]; logEvents: { message: string }[] } }[] = [];
const logs = createLogs({
  clock,
  onPoint: () => {},
  deliver: (arn, { awslogs }) => heard.push({ arn, document: JSON.parse(gunzipSync(Buffer.from(awslogs.data, 'base64')).toString()) }),
});
let endpoint: TestEndpoint;
let client: CloudWatchLogsClient;
beforeAll(async () => {
  endpoint = await listen([logs.service], clock);
  client = new CloudWatchLogsClient(endpoint.client);
});
afterAll(async () => {
  await endpoint.close();
  clock.close();
});
const logGroupName = '/aws/lambda/token';
const destinationArn = 'arn:aws:lambda:us-east-1:000000000000:function:hear:live';
const put = (filterName: string, more: object = {}) =>
  client.send(new PutSubscriptionFilterCommand({ logGroupName, filterName, filterPattern: 'ERROR', destinationArn, ...more }));
async function delivered(): Promise<void> {
  while (logs.waiting() > 0) await new Promise(setImmediate);
}

describe('a subscription filter', () => {
  it('needs its group', async () => {
    await expect(put('errors')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await client.send(new CreateLogGroupCommand({ logGroupName }));
    await expect(client.send(new CreateLogGroupCommand({ logGroupName }))).rejects.toMatchObject({
      name: 'ResourceAlreadyExistsException',
    });
  });

  it('hands matching lines to its function together, gzipped and in base64', async () => {
    await put('errors');
    for (const line of ['ERROR one', 'all is well', 'ERROR two']) logs.write('token', line);
    logs.write('other', 'ERROR elsewhere');
    await delivered();
    expect(heard).toEqual([
      {
        arn: destinationArn,
        document: {
          messageType: 'DATA_MESSAGE',
          owner: '000000000000',
          logGroup: logGroupName,
          logStream: 'local',
          subscriptionFilters: ['errors'],
          logEvents: [
            { id: expect.any(String), timestamp: expect.any(Number), message: 'ERROR one' },
            { id: expect.any(String), timestamp: expect.any(Number), message: 'ERROR two' },
          ],
        },
      },
    ]);
  });

  it('is told, and hears nothing once it is deleted', async () => {
    const { subscriptionFilters } = await client.send(new DescribeSubscriptionFiltersCommand({ logGroupName }));
    expect(subscriptionFilters).toEqual([expect.objectContaining({ filterName: 'errors', filterPattern: 'ERROR', destinationArn })]);
    await client.send(new DeleteSubscriptionFilterCommand({ logGroupName, filterName: 'errors' }));
    logs.write('token', 'ERROR three');
    await delivered();
    expect(heard).toHaveLength(1);
    await expect(client.send(new DeleteSubscriptionFilterCommand({ logGroupName, filterName: 'errors' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('is refused for a destination that is no function, the function itself, or when two are there', async () => {
    await expect(put('x', { destinationArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/x' })).rejects.toThrow('only functions');
    await expect(put('x', { destinationArn: 'arn:aws:lambda:us-east-1:000000000000:function:token' })).rejects.toThrow('without end');
    await put('one');
    await put('two');
    await expect(put('three')).rejects.toMatchObject({ name: 'LimitExceededException' });
  });
});
