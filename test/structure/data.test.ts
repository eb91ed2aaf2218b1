/** What is stored is encrypted, recoverable and ends when it should; what the profile keeps is not lost by a mistake. */
import { tableName } from '@gatehouse/contracts/names';
import { loadSurfaces } from '@gatehouse/local/surfaces';
import { describe, expect, it } from 'vitest';
import { profileOf } from '../../stacks/profile.ts';
import { root } from '../support/sst-diff/environment.ts';
import { capturedGraph, type Graph } from '../support/sst-diff/graph.ts';
import { secretMark, unknownMark } from '../support/sst-diff/wire.ts';

const surfaces = await loadSurfaces();
const graphs: Graph[] = [];
for (const stage of ['bundled', 'evaluation', 'existing-pool', 'new', 'own-idp']) graphs.push(await capturedGraph(stage));

describe.each(graphs)('in $stage', (graph) => {
  const { stage } = graph;
  const kept = profileOf(stage, root).keep_data;
  const tables = graph.all('aws:dynamodb/table:Table');

  it('there is one table a capability that has one', () => {
    const wanted = surfaces.filter(({ table }) => table).map(({ capability }) => tableName(stage, capability));
    expect(tables.map(({ inputs }) => inputs.name).sort()).toEqual(wanted.sort());
  });

  it('every table is encrypted, recoverable, on demand, with a stream of both images and a TTL', () => {
    for (const { name, inputs } of tables)
      expect(inputs, name).toMatchObject({
        billingMode: 'PAY_PER_REQUEST',
        serverSideEncryption: { enabled: true },
        pointInTimeRecovery: { enabled: true },
        streamViewType: 'NEW_AND_OLD_IMAGES',
        ttl: { attributeName: 'expires_at', enabled: true },
        deletionProtectionEnabled: kept,
      });
  });

  it('every key of a table or an index is an attribute, and every attribute a key', () => {
    for (const { name, inputs } of tables) {
      const keys = [inputs, ...inputs.globalSecondaryIndexes].flatMap(({ hashKey, rangeKey }) => [hashKey, rangeKey]);
      expect([...new Set(keys)].sort(), name).toEqual(inputs.attributes.map((attribute: { name: string }) => attribute.name).sort());
    }
  });

  it('every queue is encrypted and keeps what it has for two weeks', () => {
    for (const { name, inputs } of graph.all('aws:sqs/queue:Queue'))
      expect(inputs, name).toMatchObject({ sqsManagedSseEnabled: true, messageRetentionSeconds: 1_209_600 });
  });

  it('every log ends after a month, and every function, machine and API has one', () => {
    const logs = graph.all('aws:cloudwatch/logGroup:LogGroup');
    for (const { name, inputs } of logs) expect(inputs.retentionInDays, name).toBe(30);
    const written = logs.map(({ inputs }) => inputs.name);
    const expected = [
      ...graph.all('aws:lambda/function:Function').map(({ inputs }) => inputs.loggingConfig.logGroup),
      ...graph.all('aws:sfn/stateMachine:StateMachine').map(({ inputs }) => groupOf(inputs.loggingConfiguration.logDestination)),
      ...graph.all('aws:apigateway/stage:Stage').map(({ inputs }) => groupOf(inputs.accessLogSettings.destinationArn)),
    ];
    expect(written.sort()).toEqual(expected.sort());
  });

  it('tables, keys and secrets outlive their stack where the profile keeps data', () => {
    const stores = ['aws:dynamodb/table:Table', 'aws:kms/key:Key', 'aws:secretsmanager/secret:Secret'].flatMap((type) => graph.all(type));
    for (const { name, retainOnDelete } of stores) expect(retainOnDelete, name).toBe(kept);
    for (const { name, protect } of graph.all('aws:kms/key:Key')) expect(protect, name).toBe(kept);
  });

  it('every bucket is encrypted, keeps versions and is closed to the public', () => {
    const of = (type: string) => graph.all(type).map(({ inputs }) => inputs);
    const buckets = of('aws:s3/bucket:Bucket').map(({ bucket }) => bucket);
    const closed = of('aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock').filter((block) =>
      [block.blockPublicAcls, block.blockPublicPolicy, block.ignorePublicAcls, block.restrictPublicBuckets].every(Boolean),
    );
    expect(closed.map(({ bucket }) => bucket).sort()).toEqual([...buckets].sort());
    const encrypted = of('aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration').map(
      ({ bucket }) => bucket,
    );
    expect(encrypted.sort()).toEqual([...buckets].sort());
  });

  it('reads no output that the capture does not know: a test would compare with nothing', () => {
    const blind = graph.resources.filter(({ inputs }) => JSON.stringify(inputs).includes(unknownMark));
    expect(blind.map(({ name }) => name)).toEqual([]);
  });

  it('writes no output as text: a template that forgot to wait for it says so', () => {
    const broken = graph.resources.filter(({ inputs }) => JSON.stringify(inputs).includes('Calling [toString] on an [Output<T>]'));
    expect(broken.map(({ name }) => name)).toEqual([]);
  });

  it('no value of a secret is in the graph', () => {
    for (const { name, inputs } of graph.all('aws:secretsmanager/secretVersion:SecretVersion'))
      expect(inputs.secretString, name).toBe(secretMark);
  });
});

function groupOf(arn: string): string {
  return arn.split(':log-group:')[1]?.replace(/:\*$/, '') ?? arn;
}
