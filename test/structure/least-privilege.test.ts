/** Every right in the deployed graph is one that a surface asks for, and every right asked for is there. */
import { holds } from '@gatehouse/contracts/in-stage';
import {
  busName,
  functionAlias,
  functionName,
  keyAlias,
  machineAlias,
  machineName,
  secretName,
  tableName,
} from '@gatehouse/contracts/names';
import type { Entry, Surface } from '@gatehouse/contracts/surface';
import { loadSurfaces } from '@gatehouse/local/surfaces';
import { describe, expect, it } from 'vitest';
import { profileOf } from '../../stacks/profile.ts';
import { account, region, root } from '../support/sst-diff/environment.ts';
import { capturedGraph } from '../support/sst-diff/graph.ts';
import { managedPolicies, rightsOf, statementsOf } from '../support/sst-diff/power.ts';

const surfaces = await loadSurfaces();
const stage = 'bundled';
const graph = await capturedGraph(stage);
const statements = statementsOf(graph);
const profile = profileOf(stage, root);
const parts: Readonly<Record<string, unknown>> = profile;
const arn = (service: string, rest: string) => `arn:aws:${service}:${region}:${account}:${rest}`;

/** Log delivery and X-Ray, of machines alone: AWS knows no resource for them. */
const boundless =
  /^(logs:(Create|Get|Update|Delete)LogDelivery|logs:(ListLogDeliveries|PutResourcePolicy|Describe(ResourcePolicies|LogGroups))|xray:(PutTraceSegments|PutTelemetryRecords|GetSampling(Rules|Targets)))$/;

/** Metrics, and reading a job, of which CloudWatch and AWS Backup know no resource; and what only AWS names: recovery points to read, access points that have an owner. */
const unnamed: Readonly<Record<string, RegExp>> = {
  'cloudwatch:PutMetricData': /^\*$/,
  'backup:DescribeBackupJob': /^\*$/,
  'backup:DescribeRecoveryPoint': /^arn:aws:backup:[\w-]+:\d+:recovery-point:\*$/,
  'elasticfilesystem:DeleteAccessPoint': /^arn:aws:elasticfilesystem:[\w-]+:\d+:access-point\/\*$/,
  'ecs:ListTasks': /^arn:aws:ecs:[\w-]+:\d+:container-instance\/[\w-]+\/\*$/,
};

describe('no role', () => {
  it('may do a whole service', () => {
    expect(statements.filter(({ actions }) => actions.some((action) => action.includes('*')))).toEqual([]);
  });

  it('may touch every resource, but for log delivery and tracing of machines', () => {
    const wide = statements.filter(({ resources }) => resources.some((resource) => resource === '*' || /:\*$|\/\*$/.test(resource)));
    const unexplained = wide.filter(
      ({ role, actions, resources }) =>
        !(role.endsWith('MachineRole') && actions.every((action) => boundless.test(action))) &&
        !actions.every((action) => resources.every((resource) => unnamed[action]?.test(resource))) &&
        !resources.every((resource) => /:log-group:\/aws\/lambda\/[\w-]+:\*$/.test(resource)) &&
        // Objects below a folder of one bucket, as the entry asks for them.
        !(
          actions.every((action) => /^s3:(GetObject|PutObject|PutObjectRetention)$/.test(action)) &&
          resources.every((resource) => /^arn:aws:s3:::gatehouse-[\w-]+\/[\w.-]+(\/\*)?$/.test(resource))
        ),
    );
    expect(unexplained).toEqual([]);
  });

  it('is of AWS making, but the one that API Gateway logs with', () => {
    expect(managedPolicies(graph)).toEqual([
      { role: 'ApiLogsRole', policy: 'arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs' },
    ]);
  });

  it('is assumed by anybody but one service of AWS', () => {
    for (const { name, inputs } of graph.all('aws:iam/role:Role'))
      for (const { Principal } of inputs.assumeRolePolicy.Statement)
        expect(Principal, name).toEqual({ Service: expect.toSatisfy((services) => [services].flat().length === 1) });
  });

  it('is refused something: a denial would hide what is granted beside it', () => {
    expect(statements.filter(({ effect }) => effect !== 'Allow')).toEqual([]);
  });
});

describe('what the surfaces ask for', () => {
  const functions = surfaces.flatMap((surface) => Object.entries(surface.entries).map(([name, entry]) => ({ surface, name, entry })));

  it.each(functions.map(({ surface, name }) => [`${surface.capability}/${name}`]))('%s may do exactly that', (title) => {
    const { surface, name, entry } = functions.find((item) => `${item.surface.capability}/${item.name}` === title) ?? expect.fail(title);
    const physical = functionName(stage, surface.capability, name);
    const deployed = graph.all('aws:lambda/function:Function').find(({ inputs }) => inputs.name === physical) ?? expect.fail(physical);
    const granted = statements.filter(({ role }) => role === deployed.name.replace(/Function$/, 'Role'));
    expect(sorted(rightsOf(granted))).toEqual(sorted(askedFor(surface, name, entry)));
  });

  it('reaches into the table of another capability only to read its named rows, but for the ledger', () => {
    const writes = /^dynamodb:(Put|Update|Delete|BatchWrite)|PartiQL/;
    for (const { surface, name, entry } of functions) {
      for (const { capability, actions, leadingKeys } of entry.tables ?? []) {
        if (capability === surface.capability) continue;
        const title = `${surface.capability}/${name} on ${capability}`;
        expect(leadingKeys, title).not.toHaveLength(0);
        expect(leadingKeys, title).not.toContain('*');
        const ledger = surface.capability === 'inference' && capability === 'usage';
        if (!ledger)
          expect(
            actions.filter((action) => writes.test(action)),
            title,
          ).toEqual([]);
      }
    }
  });

  it('puts events on the bus only from the outbox', () => {
    for (const { surface, name, entry } of functions)
      if (entry.publishes) expect(readersOf(surface), `${surface.capability}/${name}`).toContain(name);
  });
});

function readersOf({ streams = [] }: Surface): string[] {
  return streams.map(({ entry }) => entry);
}

/** Says again, apart from the stacks, what an entry's members mean in IAM. */
function askedFor(surface: Surface, name: string, entry: Entry): Set<string> {
  const { capability } = surface;
  const physical = functionName(stage, capability, name);
  const rights = new Set<string>();
  const add = (actions: readonly string[], resource: string, conditions?: unknown) => {
    for (const action of actions) rights.add(`${action} on ${resource}${conditions ? ` when ${JSON.stringify(conditions)}` : ''}`);
  };
  add(['logs:CreateLogStream', 'logs:PutLogEvents'], arn('logs', `log-group:/aws/lambda/${physical}:*`));
  for (const { capability: owner, actions, leadingKeys } of entry.tables ?? []) {
    const table = arn('dynamodb', `table/${tableName(stage, owner)}`);
    const rows = leadingKeys && { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': leadingKeys } };
    add(actions, table, rows);
    if (actions.some((action) => /Query|Scan/.test(action))) add(actions, `${table}/index/gsi1`, rows);
  }
  for (const { key, actions } of entry.keys ?? []) add(actions, keyArn(key));
  for (const { bucket, actions, keys } of entry.buckets ?? []) {
    const [owner = '', short = ''] = bucket.split('/');
    const whole = `arn:aws:s3:::gatehouse-${stage}-${owner}-${short}-${account}-${region}`;
    for (const key of keys) add(actions, `${whole}/${key}`);
    if (actions.includes('s3:GetObject')) add(['s3:ListBucket'], whole);
  }
  for (const secret of entry.secrets ?? []) {
    if (!holds(parts[capability], surface.secrets?.[secret]?.where)) continue;
    const wanted = secretName(stage, capability, secret);
    add(['secretsmanager:GetSecretValue'], arn('secretsmanager', `secret:${wanted}-aaaaaa`));
  }
  for (const step of entry.calls ?? []) {
    const owner = surfaces.find(({ steps }) => steps?.[step]) ?? expect.fail(`nobody offers ${step}`);
    const target = functionName(stage, owner.capability, owner.steps?.[step] ?? '');
    add(['lambda:InvokeFunction'], arn('lambda', `function:${target}:${functionAlias}`));
  }
  for (const machine of entry.starts ?? [])
    add(['states:StartExecution'], arn('states', `stateMachine:${machineName(stage, machine)}`), {
      'ForAnyValue:StringEquals': { 'states:StateMachineQualifier': [machineAlias] },
    });
  for (const machine of (entry as Entry & { resumes?: readonly string[] }).resumes ?? [])
    add(['states:SendTaskSuccess'], arn('states', `stateMachine:${machineName(stage, machine)}`));
  if (entry.forwardsMetrics && profile.usage.forward_metrics) add(['cloudwatch:PutMetricData'], '*');
  if (entry.asksModels) {
    const anywhere = `arn:aws:bedrock:*::foundation-model/anthropic.claude-*`;
    const invoke = ['bedrock:InvokeModel', 'bedrock:InvokeModelWithResponseStream'];
    for (const resource of [anywhere, arn('bedrock', 'inference-profile/eu.anthropic.claude-*')]) add(invoke, resource);
    add(['bedrock:CountTokens'], `arn:aws:bedrock:${region}::foundation-model/anthropic.claude-*`);
    const platform = ['aws-external-anthropic:CreateInference', 'aws-external-anthropic:CountTokens'];
    add(platform, arn('aws-external-anthropic', 'workspace/wrkspc_01example'));
  }
  if (entry.homes) {
    add(['elasticfilesystem:DescribeAccessPoints'], arn('elasticfilesystem', 'file-system/fs-0123456789abcdef0'));
    if (entry.homes !== 'find') add(['backup:DescribeRecoveryPoint'], arn('backup', 'recovery-point:*'));
    const owned = { StringLike: { 'aws:ResourceTag/coder_owner_id': ['?*'] } };
    if (entry.homes === 'delete') add(['elasticfilesystem:DeleteAccessPoint'], arn('elasticfilesystem', 'access-point/*'), owned);
    if (entry.homes === 'back-up') {
      add(['backup:StartBackupJob'], arn('backup', 'backup-vault:homes'));
      add(['backup:DescribeBackupJob'], '*');
      const passed = { StringEquals: { 'iam:PassedToService': ['backup.amazonaws.com'] } };
      add(['iam:PassRole'], 'arn:aws:iam::000000000000:role/backup', passed);
    }
  }
  if (entry.hosts) {
    add(['ecs:DescribeServices', ...(entry.hosts === 'stop' ? ['ecs:UpdateService'] : [])], arn('ecs', 'service/workspaces/coder-*'));
    add(['ecs:ListTasks'], arn('ecs', 'container-instance/workspaces/*'));
  }
  if (entry.publishes) add(['events:PutEvents'], arn('events', `event-bus/${busName(stage)}`));
  const streamed = readersOf(surface).includes(name);
  if (streamed)
    add(
      ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'],
      arn('dynamodb', `table/${tableName(stage, capability)}/stream/1970-01-01T00:00:00.000`),
    );
  const subscribed = [...(surface.rules ?? []), ...(surface.schedules ?? [])].some((source) => source.entry === name);
  if (streamed || subscribed) add(['sqs:SendMessage'], arn('sqs', `gatehouse-${stage}-${capability}-dead-letters`));
  return rights;
}

/** A key's ARN is AWS's to choose: found by the alias that the contracts name. */
function keyArn(key: string): string {
  const owner = surfaces.find(({ capability }) => key.startsWith(`${capability}/`)) ?? expect.fail(key);
  const name = keyAlias(stage, owner.capability, key.slice(owner.capability.length + 1));
  const alias = graph.all('aws:kms/alias:Alias').find(({ inputs }) => inputs.name === name) ?? expect.fail(name);
  return arn('kms', `key/${alias.inputs.targetKeyId}`);
}

function sorted(lines: ReadonlySet<string>): string[] {
  return [...lines].sort();
}
