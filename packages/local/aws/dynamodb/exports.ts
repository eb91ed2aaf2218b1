/**
 * ExportTableToPointInTime: a table as it was at a time, as DynamoDB JSON in a bucket, with the manifests that readers of exports look for
 * (DynamoDB developer guide, "DynamoDB table export output format"). Full exports only. It restores nothing.
 */
import { createHash, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Clock } from '../../clock.ts';
import { AwsError, type Operation } from '../service.ts';
import type { Item, Table } from './dynalite.ts';
import type { PointInTimeRecovery } from './recovery.ts';
import { entries, type Store } from './store.ts';

/** Rejects with an `AwsError`, e.g. NoSuchBucket. */
export type PutObject = (bucket: string, key: string, body: Buffer, contentType: string) => Promise<void>;

export interface Exports {
  operations: Readonly<Record<string, Operation>>;
  /** Run once: what a killed process had begun has failed. */
  finish(): Promise<void>;
  /** Resolves when no export is being written. */
  settled(): Promise<void>;
}

/** As it is kept. Milliseconds. */
interface Export {
  arn: string;
  table: Pick<Table, 'TableName' | 'TableArn'>;
  bucket: string;
  prefix: string;
  exportTime: number;
  startTime: number;
  endTime?: number;
  status: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED';
  failure?: { code: string; message: string };
  items: number;
  bytes: number;
  manifest?: string;
}

const exportPrefix = 'export~';
const itemsAFile = 10_000;
const compress = promisify(gzip);

export function createExports(store: Store, clock: Clock, recovery: Pick<PointInTimeRecovery, 'itemsAt'>, put: PutObject): Exports {
  const running = new Set<Promise<void>>();

  const keep = (one: Export) => store.commit([], [{ type: 'put', key: `${exportPrefix}${one.arn}`, value: one }]);
  const all = async () => (await entries(store.root, exportPrefix)).map(([, one]) => one as Export);

  async function begin(input: Record<string, unknown>) {
    const name = String(input.TableArn).split(':table/')[1] ?? '';
    const table = store.table(name);
    if (!table) throw new AwsError('TableNotFoundException', `Table not found: ${input.TableArn}`);
    if (input.ExportFormat === 'ION') throw notHere('The export format ION');
    if (input.ExportType === 'INCREMENTAL_EXPORT') throw notHere('An incremental export');
    if (typeof input.S3Bucket !== 'string') throw new AwsError('ValidationException', 'S3Bucket must not be null');
    const startTime = clock.now();
    // Without a time it is the table as it is; a time is asked of the recovery log, in whole seconds.
    const exportTime = typeof input.ExportTime === 'number' ? input.ExportTime * 1000 : startTime;
    const items = await recovery.itemsAt(table, typeof input.ExportTime === 'number' ? exportTime : 'now');
    const id = `${String(Math.floor(startTime)).padStart(14, '0')}-${randomBytes(4).toString('hex')}`;
    const one: Export = {
      arn: `${table.TableArn}/export/${id}`,
      table: { TableName: table.TableName, TableArn: table.TableArn },
      bucket: input.S3Bucket,
      prefix: `${typeof input.S3Prefix === 'string' ? `${input.S3Prefix}/` : ''}AWSDynamoDB/${id}`,
      exportTime,
      startTime,
      status: 'IN_PROGRESS',
      items: items.length,
      bytes: 0,
    };
    await keep(one);
    const work = write(
      one,
      items.map(([, item]) => item),
    ).finally(() => running.delete(work));
    running.add(work);
    return { ExportDescription: describe(one) };
  }

  async function write(one: Export, items: readonly Item[]): Promise<void> {
    try {
      const done = await writeFiles(one, items);
      await keep({ ...one, ...done, status: 'COMPLETED', endTime: clock.now() });
    } catch (error) {
      const code = error instanceof AwsError ? `S3${error.type}` : 'UNKNOWN';
      await keep({ ...one, status: 'FAILED', endTime: clock.now(), failure: { code, message: String(error) } });
    }
  }
  async function writeFiles(one: Export, items: readonly Item[]): Promise<{ bytes: number; manifest: string }> {
    const at = (name: string) => `${one.prefix}/${name}`;
    const files: string[] = [];
    let bytes = 0;
    await put(one.bucket, at('_started'), Buffer.alloc(0), 'application/octet-stream');
    for (let from = 0; from < items.length || from === 0; from += itemsAFile) {
      const some = items.slice(from, from + itemsAFile);
      const lines = Buffer.from(some.map((Item) => `${JSON.stringify({ Item })}\n`).join(''));
      const body = await compress(lines);
      const dataFileS3Key = at(`data/${randomBytes(13).toString('hex')}.json.gz`);
      await put(one.bucket, dataFileS3Key, body, 'application/x-gzip');
      bytes += lines.length;
      const md5 = createHash('md5').update(body);
      files.push(
        JSON.stringify({ itemCount: some.length, md5Checksum: md5.copy().digest('base64'), etag: md5.digest('hex'), dataFileS3Key }),
      );
    }
    await putManifest(one.bucket, at('manifest-files.json'), `${files.join('\n')}\n`);
    const summary = {
      version: '2020-06-30',
      exportArn: one.arn,
      startTime: new Date(one.startTime).toISOString(),
      endTime: new Date(clock.now()).toISOString(),
      tableArn: one.table.TableArn,
      exportTime: new Date(one.exportTime).toISOString(),
      s3Bucket: one.bucket,
      s3Prefix: one.prefix.replace(/\/?AWSDynamoDB\/[^/]+$/, '') || null,
      s3SseAlgorithm: 'AES256',
      s3SseKmsKeyId: null,
      manifestFilesS3Key: at('manifest-files.json'),
      billedSizeBytes: bytes,
      itemCount: items.length,
      outputFormat: 'DYNAMODB_JSON',
      exportType: 'FULL_EXPORT',
    };
    await putManifest(one.bucket, at('manifest-summary.json'), JSON.stringify(summary));
    return { bytes, manifest: at('manifest-summary.json') };
  }
  async function putManifest(bucket: string, key: string, text: string): Promise<void> {
    await put(bucket, key, Buffer.from(text), 'application/json');
    const md5 = createHash('md5').update(text).digest('base64');
    await put(bucket, key.replace(/\.json$/, '.md5'), Buffer.from(md5), 'text/plain');
  }

  return {
    operations: {
      ExportTableToPointInTime: begin,
      DescribeExport(input) {
        const one = store.root.getSync(`${exportPrefix}${input.ExportArn}`) as Export | undefined;
        if (!one) throw new AwsError('ExportNotFoundException', `Export not found: ${input.ExportArn}`);
        return { ExportDescription: describe(one) };
      },
      async ListExports(input) {
        const mine = (await all()).filter(({ table }) => input.TableArn === undefined || table.TableArn === input.TableArn);
        return {
          ExportSummaries: mine.map(({ arn, status }) => ({ ExportArn: arn, ExportStatus: status, ExportType: 'FULL_EXPORT' })),
        };
      },
    },
    async finish() {
      for (const one of await all())
        if (one.status === 'IN_PROGRESS')
          await keep({ ...one, status: 'FAILED', endTime: clock.now(), failure: { code: 'UNKNOWN', message: 'The process ended' } });
    },
    settled: async () => {
      while (running.size > 0) await Promise.all(running);
    },
  };
}

function describe(one: Export): Record<string, unknown> {
  return {
    ExportArn: one.arn,
    ExportStatus: one.status,
    StartTime: one.startTime / 1000,
    ...(one.endTime !== undefined && { EndTime: one.endTime / 1000 }),
    ExportTime: one.exportTime / 1000,
    TableArn: one.table.TableArn,
    S3Bucket: one.bucket,
    S3SseAlgorithm: 'AES256',
    ExportFormat: 'DYNAMODB_JSON',
    ExportType: 'FULL_EXPORT',
    ...(one.manifest !== undefined && { ExportManifest: one.manifest }),
    ...(one.failure && { FailureCode: one.failure.code, FailureMessage: one.failure.message }),
    ...(one.status === 'COMPLETED' && { ItemCount: one.items, BilledSizeBytes: one.bytes }),
  };
}

function notHere(what: string): AwsError {
  return new AwsError('ValidationException', `${what} is not in the embedded stack`);
}
