/** What is stored is encrypted, recoverable and ends when it should; what the profile keeps is not lost by a mistake. */
import { tableName } from '@gatehouse/contracts/names';
import { loadSurfaces } from '@gatehouse/local/surfaces';
import { describe, expect, it } from 'vitest';
import { capturedGraph, type Graph } from '../support/sst-diff/graph.ts';
import { secretMark, unknownMark } from '../support/sst-diff/wire.ts';

const surfaces = await loadSurfaces();
const evaluation = await capturedGraph('evaluation');
const bundled = await capturedGraph('bundled');

describe.each([evaluation, bundled])('in $stage', (graph) => {
  const { stage } = graph;
  const kept = stage === 'bundled';
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

  it('no value of a secret is in the graph', () => {
    for (const { name, inputs } of graph.all('aws:secretsmanager/secretVersion:SecretVersion'))
      expect(inputs.secretString, name).toBe(secretMark);
  });
});

it('reads no output that the capture does not know: a test would compare with nothing', () => {
  const blind = bundled.resources.filter(({ inputs }) => JSON.stringify(inputs).includes(unknownMark));
  expect(blind.map(({ name }) => name)).toEqual([]);
});

it('writes no output as text: a template that forgot to wait for it says so', () => {
  const broken = bundled.resources.filter(({ inputs }) => JSON.stringify(inputs).includes('Calling [toString] on an [Output<T>]'));
  expect(broken.map(({ name }) => name)).toEqual([]);
});

it('shares no name between two stages of an account', () => {
  const named = ({ resources }: Graph) =>
    resources.filter(({ inputs }) => inputs.name && !shared.test(String(inputs.name))).map(({ type, inputs }) => `${type} ${inputs.name}`);
  const taken = new Set(named(evaluation));
  expect(named(bundled).filter((name) => taken.has(name))).toEqual([]);
});

/** Aliases are within their function; a partner bus belongs to the partner's event source, and one stage can have it. */
const shared = /^(live|aws\.partner\/.*)$/;

function groupOf(arn: string): string {
  return arn.split(':log-group:')[1]?.replace(/:\*$/, '') ?? arn;
}
