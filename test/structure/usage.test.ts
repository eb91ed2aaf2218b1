/** What the profile adds to usage in AWS, where it says so and nowhere else. */
import { describe, expect, it } from 'vitest';
import { profileOf } from '../../stacks/profile.ts';
import { account, region, root } from '../support/sst-diff/environment.ts';
import { capturedGraph } from '../support/sst-diff/graph.ts';
import { statementsOf } from '../support/sst-diff/power.ts';

const bundled = await capturedGraph('bundled');
const evaluation = await capturedGraph('evaluation');
const group = profileOf('bundled', root).usage.bedrock_log_group ?? expect.fail('bundled names no log group');
const forwards = (graph: typeof bundled) => statementsOf(graph).filter(({ actions }) => actions.includes('cloudwatch:PutMetricData'));

describe('usage', () => {
  it('subscribes to Bedrock’s invocation log, and lets that log alone call it', () => {
    const filter = bundled.one('aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter', 'UsageHearInvocations');
    expect(filter.inputs).toMatchObject({ logGroup: group, filterPattern: '' });
    const allowed = bundled.one('aws:lambda/permission:Permission', 'UsageHearInvocationsPermission');
    expect(allowed.inputs).toMatchObject({
      action: 'lambda:InvokeFunction',
      function: 'gatehouse-bundled-usage-hear-invocations',
      principal: 'logs.amazonaws.com',
      sourceArn: `arn:aws:logs:${region}:${account}:log-group:${group}:*`,
    });
  });
  it('may pass metrics on to CloudWatch from ingestion alone', () => {
    expect(forwards(bundled)).toMatchObject([{ role: 'UsageIngestRole', actions: ['cloudwatch:PutMetricData'] }]);
  });
  it('does neither where the profile says nothing', () => {
    expect(evaluation.resources.filter(({ name }) => name.startsWith('UsageHearInvocationsPermission'))).toEqual([]);
    expect(forwards(evaluation)).toEqual([]);
  });
});
