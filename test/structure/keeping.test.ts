/** What is left when a stage is removed, and that the service can be taken away and put back around the data that it kept. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { profileOf } from '../../stacks/profile.ts';
import { root, workFolder } from '../support/sst-diff/environment.ts';
import { capturedGraph, type Graph, type Resource } from '../support/sst-diff/graph.ts';

/** What holds data; the rest can be made again. */
const stores = [
  'dynamodb/table:Table',
  'kms/key:Key',
  'secretsmanager/secret:Secret',
  's3/bucket:Bucket',
  'cognito/userPool:UserPool',
  'cloudwatch/logGroup:LogGroup',
  'cloudwatch/eventArchive:EventArchive',
].map((type) => `aws:${type}`);

describe.each(['bundled', 'evaluation', 'existing-pool', 'new', 'own-idp'])('%s', async (stage) => {
  const graph = await capturedGraph(stage);
  const { keep_data: kept } = profileOf(stage, root);
  const all = (type: string) => graph.all(`aws:${type}`);

  it(kept ? 'lets nothing be removed that holds data' : 'lets everything be removed that holds data', () => {
    for (const { name, inputs } of all('dynamodb/table:Table')) expect(inputs.deletionProtectionEnabled, name).toBe(kept);
    for (const { name, inputs } of all('cognito/userPool:UserPool'))
      expect(inputs.deletionProtection, name).toBe(kept ? 'ACTIVE' : 'INACTIVE');
    for (const type of ['kms/key:Key', 'secretsmanager/secret:Secret', 's3/bucket:Bucket', 'cognito/userPool:UserPool'])
      for (const { name, protect, retainOnDelete } of all(type)) expect([protect, retainOnDelete], name).toEqual([kept, kept]);
    for (const type of ['dynamodb/table:Table', 'cloudwatch/logGroup:LogGroup'])
      for (const { name, retainOnDelete } of all(type)) expect(retainOnDelete, name).toBe(kept);
  });

  it('leaves no log behind that grows or never ends: nobody may make a group again that was removed', () => {
    for (const { name, inputs } of all('cloudwatch/logGroup:LogGroup')) expect(inputs.retentionInDays, name).toBe(30);
    const makers = graph.resources.filter(
      ({ type, inputs }) => type.startsWith('aws:iam/') && JSON.stringify(inputs).includes('logs:CreateLogGroup'),
    );
    expect(makers.map(({ name }) => name)).toEqual([]);
  });

  it.runIf(!kept)('empties what it removes and waits for nothing longer than it must', () => {
    for (const { name, inputs } of all('s3/bucket:Bucket')) expect(inputs.forceDestroy, name).toBe(true);
    for (const { name, inputs } of all('secretsmanager/secret:Secret')) expect(inputs.recoveryWindowInDays, name).toBe(0);
    for (const { name, inputs } of all('kms/key:Key')) expect(inputs.deletionWindowInDays, name).toBe(7);
    // An object that is locked in compliance mode outlives its bucket's owner.
    for (const { name, inputs } of all('s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration'))
      expect(inputs.rule.defaultRetention.mode, name).toBe('GOVERNANCE');
  });
});

describe('a stage that is parked', () => {
  const folder = path.join(workFolder, 'profiles');
  let served: Graph;
  let parked: Graph;

  beforeAll(async () => {
    served = await capturedGraph('bundled');
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      path.join(folder, 'parked.yaml'),
      `${readFileSync(path.join(root, 'stacks/profiles/bundled.yaml'), 'utf8')}\nparked: true\n`,
    );
    vi.stubEnv('GATEHOUSE_PROFILES', folder);
    parked = await capturedGraph('parked');
  });
  afterAll(() => vi.unstubAllEnvs());

  /** As the stage that serves would write it. */
  const asServed = ({ urn, inputs, protect, retainOnDelete }: Resource): string =>
    JSON.stringify({ urn, inputs, protect, retainOnDelete }).replaceAll('parked', 'bundled');
  const own = ({ resources }: Graph) => resources.filter(({ type }) => type.startsWith('aws:'));

  it('has every store of the stage that served, unchanged to the letter, so that neither way touches one', () => {
    const there = new Set(own(parked).map(asServed));
    const wanted = own(served).filter(({ type }) => stores.includes(type));
    expect(wanted.length).toBeGreaterThan(100);
    expect(wanted.filter((store) => !there.has(asServed(store))).map(({ name }) => name)).toEqual([]);
  });

  it('has nothing that the stage that served had not, or had otherwise', () => {
    const there = new Set(own(served).map(asServed));
    expect(
      own(parked)
        .filter((one) => !there.has(asServed(one)))
        .map(({ name }) => name),
    ).toEqual([]);
  });

  it('has nothing that runs, that answers, or that is billed by the hour', () => {
    const running = own(parked).filter(({ type }) =>
      /^aws:(lambda|sfn|apigateway|scheduler|wafv2|sns|sqs)\/|vpcEndpoint|metricAlarm|eventRule|dashboard/i.test(type),
    );
    expect(running.map(({ type, name }) => `${type} ${name}`)).toEqual([]);
  });
});
