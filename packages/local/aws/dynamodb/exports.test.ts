/** Proves exports with the SDK client: what is written, of which time, and how a failure is told. */
import { gunzipSync } from 'node:zlib';
import {
  DescribeExportCommand,
  ExportTableToPointInTimeCommand,
  type ExportTableToPointInTimeCommandInput,
  ListExportsCommand,
  UpdateContinuousBackupsCommand,
} from '@aws-sdk/client-dynamodb';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AwsError } from '../service.ts';
import { createTables, startDatabase, type TestDatabase } from './test-table.ts';

const TableName = 'source';
const TableArn = `arn:aws:dynamodb:us-east-1:000000000000:table/${TableName}`;
const written = new Map<string, Buffer>();
let database: TestDatabase;

beforeAll(async () => {
  database = await startDatabase({
    putObject: async (bucket, key, body) => {
      if (bucket !== 'there') throw new AwsError('NoSuchBucket', 'no');
      written.set(key, body);
    },
  });
  await createTables(database, TableName);
});
afterAll(() => database.close());

const put = (sk: string) => database.documents.send(new PutCommand({ TableName, Item: { pk: 'p', sk } }));
async function run(more: Partial<ExportTableToPointInTimeCommandInput> = {}) {
  const { ExportDescription: begun } = await database.client.send(
    new ExportTableToPointInTimeCommand({ TableArn, S3Bucket: 'there', ...more }),
  );
  expect(begun?.ExportStatus).toBe('IN_PROGRESS');
  await database.db.settled();
  return (await database.client.send(new DescribeExportCommand({ ExportArn: begun?.ExportArn }))).ExportDescription;
}
/** The sort keys of what the export's files hold, found as a reader finds them: by its manifests. */
function exported(manifest = ''): string[] {
  const { manifestFilesS3Key } = JSON.parse(String(written.get(manifest))) as { manifestFilesS3Key: string };
  const files = String(written.get(manifestFilesS3Key)).trim().split('\n');
  return files.flatMap((file) => {
    const { dataFileS3Key } = JSON.parse(file) as { dataFileS3Key: string };
    const lines = String(gunzipSync(written.get(dataFileS3Key) ?? Buffer.alloc(0)));
    return lines.split('\n').flatMap((line) => (line === '' ? [] : [String(JSON.parse(line).Item.sk.S)]));
  });
}

it('needs point-in-time recovery', async () => {
  await expect(run()).rejects.toMatchObject({ name: 'PointInTimeRecoveryUnavailableException' });
  const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
  await database.client.send(new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification }));
});

it('writes the table as it is, and as it was', async () => {
  await put('first');
  database.clock.advance(1);
  const ExportTime = new Date(Math.ceil(database.clock.now() / 1000) * 1000);
  database.clock.advance(2);
  await put('second');
  database.clock.advance(301);
  const now = await run({ S3Prefix: 'daily' });
  expect(now).toMatchObject({ ExportStatus: 'COMPLETED', ItemCount: 2, ExportFormat: 'DYNAMODB_JSON' });
  expect(now?.ExportManifest).toMatch(/^daily\/AWSDynamoDB\/\d+-\w+\/manifest-summary.json$/);
  expect(exported(now?.ExportManifest)).toEqual(['first', 'second']);
  expect(exported((await run({ ExportTime }))?.ExportManifest)).toEqual(['first']);
  const { ExportSummaries } = await database.client.send(new ListExportsCommand({ TableArn }));
  expect(ExportSummaries?.map(({ ExportStatus }) => ExportStatus)).toEqual(['COMPLETED', 'COMPLETED']);
});

it('tells why it failed', async () => {
  expect(await run({ S3Bucket: 'nowhere' })).toMatchObject({ ExportStatus: 'FAILED', FailureCode: 'S3NoSuchBucket' });
  await expect(run({ ExportFormat: 'ION' })).rejects.toThrow('is not in the embedded stack');
});
