/** What holds whatever a company has: every profile's graph is private, bounded, encrypted and watched, and two stages share an account. */

import { isPushed, methodPathOf, pushThrottle } from '@gatehouse/contracts/throttle';
import { loadSurfaces } from '@gatehouse/local/surfaces';
import { describe, expect, it } from 'vitest';
import { profileOf } from '../../stacks/profile.ts';
import { root } from '../support/sst-diff/environment.ts';
import { capturedGraph, type Graph } from '../support/sst-diff/graph.ts';
import { statementsOf } from '../support/sst-diff/power.ts';
import { secretMark } from '../support/sst-diff/wire.ts';

const surfaces = await loadSurfaces();
const stages = ['bundled', 'evaluation', 'existing-pool', 'new', 'own-idp'];
const graphs: Graph[] = [];
for (const stage of stages) graphs.push(await capturedGraph(stage));
/** Source maps, which SST puts into its own bucket of the account. */
const assets = 'aws:s3/bucketObjectv2:BucketObjectv2';
const of = (stage: string) => graphs.find((graph) => graph.stage === stage) ?? expect.fail(stage);

describe.each(graphs.map((graph) => [graph.stage, graph] as const))('%s', (stage, graph) => {
  const profile = profileOf(stage, root);

  it('has no door to the internet but the edge, where it is open', () => {
    const doors = graph.all('aws:apigateway/restApi:RestApi').map(({ name, inputs }) => `${name} ${inputs.endpointConfiguration.types}`);
    expect(doors.sort()).toEqual(['Api PRIVATE', ...(profile.edge ? ['EdgeApi REGIONAL'] : [])]);
    for (const kind of [
      'lambda/functionUrl:FunctionUrl',
      'ec2/internetGateway:InternetGateway',
      'lb/loadBalancer:LoadBalancer',
      'ec2/natGateway:NatGateway',
    ])
      expect(graph.all(`aws:${kind}`), kind).toEqual([]);
    for (const { inputs } of graph.all('aws:lambda/permission:Permission')) {
      expect(inputs.principal).toMatch(/^[a-z]+\.amazonaws\.com$/);
      expect(inputs.sourceArn).toMatch(/^arn:/);
    }
  });

  it('grants no action and no service by a wildcard', () => {
    for (const { role, actions, resources } of statementsOf(graph)) {
      expect(
        actions.filter((action) => action.includes('*')),
        role,
      ).toEqual([]);
      // For these IAM knows no resource: reading a job of AWS Backup, and writing a metric.
      const boundless = ['backup:DescribeBackupJob', 'cloudwatch:PutMetricData'].includes(actions.join());
      if (!role.endsWith('MachineRole') && !boundless) expect(resources, role).not.toContain('*');
    }
  });

  it('keeps what it must and nothing else when it is removed', () => {
    const kept = [
      'aws:dynamodb/table:Table',
      'aws:kms/key:Key',
      'aws:secretsmanager/secret:Secret',
      'aws:s3/bucket:Bucket',
      'aws:cognito/userPool:UserPool',
    ];
    for (const { type, name, retainOnDelete } of graph.resources.filter((one) => kept.includes(one.type)))
      expect(retainOnDelete, `${type} ${name}`).toBe(profile.keep_data);
    for (const { name, inputs } of graph.all('aws:secretsmanager/secret:Secret'))
      expect(inputs.recoveryWindowInDays, name).toBe(profile.keep_data ? 30 : 0);
    if (profile.keep_data) return;
    const left = graph.resources
      .filter(({ type, retainOnDelete, protect }) => (retainOnDelete || protect) && type !== assets)
      .map(({ name }) => name);
    // One role an account, for the access logs of every API in it: free of charge, and others may use it by then.
    expect(left.sort()).toEqual(['ApiGatewayAccountLogs', 'ApiLogsRole']);
    for (const { name, inputs } of graph.all('aws:dynamodb/table:Table')) expect(inputs.deletionProtectionEnabled, name).toBe(false);
    for (const { name, inputs } of graph.all('aws:s3/bucket:Bucket')) expect(inputs.forceDestroy, name).toBe(true);
  });

  it('makes the secrets that it uses, without a value of its own but for those that are drawn', () => {
    const made = graph.all('aws:secretsmanager/secret:Secret').map(({ inputs }) => inputs.name.replace(`gatehouse/${stage}/`, ''));
    expect(made.sort()).toEqual([...secretsOf[stage as keyof typeof secretsOf]].sort());
    for (const { inputs } of graph.all('aws:secretsmanager/secretVersion:SecretVersion')) expect(inputs.secretString).toBe(secretMark);
  });

  it('throttles both doors, on them each source that pushes by itself, and shuts the open one against whoever has no secret of its own', () => {
    const throttles = graph.all('aws:apigateway/methodSettings:MethodSettings');
    for (const { name, inputs } of throttles) {
      expect(inputs.settings.throttlingRateLimit, name).toBeGreaterThan(0);
      expect(inputs.settings.throttlingBurstLimit, name).toBeGreaterThan(0);
      expect(inputs.settings.dataTraceEnabled, name).toBe(false);
    }
    const of = (door: string) => throttles.filter(({ inputs }) => inputs.restApi === `${door}-id`);
    const doors = [...of('Api'), ...of('EdgeApi')].filter(({ inputs }) => inputs.methodPath === '*/*');
    expect(doors.map(({ name }) => name).sort()).toEqual(['ApiThrottle', ...(profile.edge ? ['EdgeThrottle'] : [])]);
    // Each with a setting of its own, so that one that goes wild takes nothing from another.
    const pushed = surfaces.flatMap(({ routes = [] }) => routes.filter(isPushed).map(methodPathOf)).sort();
    expect(pushed).toEqual(expect.arrayContaining(['~1hooks~1okta/POST', '~1hooks~1entra/POST', '~1scim~1v2~1{path+}/PATCH']));
    for (const door of profile.edge ? ['Api', 'EdgeApi'] : ['Api']) {
      const own = of(door).filter(({ inputs }) => inputs.methodPath !== '*/*');
      expect(own.map(({ inputs }) => inputs.methodPath).sort(), door).toEqual(pushed);
      const { perSecond, burst } = pushThrottle(door === 'EdgeApi' ? profile.edge?.requests_per_second : undefined);
      for (const { name, inputs } of own)
        expect([inputs.settings.throttlingRateLimit, inputs.settings.throttlingBurstLimit], name).toEqual([perSecond, burst]);
    }
    if (!profile.edge) return;
    const open = surfaces.flatMap(({ capability, routes = [], entries }) =>
      routes
        .filter(({ path }) => /^\/(scim|hooks)\b/.test(path))
        .map((route) => ({ ...route, name: `${capability} ${route.method} ${route.path}`, entry: entries[route.entry] })),
    );
    expect(Object.keys(graph.one('aws:apigateway/restApi:RestApi', 'EdgeApi').inputs.body.paths).sort()).toEqual(
      [...new Set(open.map(({ path }) => path))].sort(),
    );
    for (const { name, admit } of open) expect(admit, name).toMatch(/^(scim|hook)$/);
  });

  it('leaves no mark of what was not known yet', () => {
    const marked = graph.resources.filter(({ inputs }) => /NEWPOOL|new-pool-client/.test(JSON.stringify(inputs)));
    expect(marked.map(({ name }) => name)).toEqual([]);
  });
});

const secretsOf = {
  evaluation: ['access/refresh-pepper', 'people/directory-token'],
  new: ['access/refresh-pepper'],
  'existing-pool': ['access/refresh-pepper'],
  'own-idp': ['access/refresh-pepper', 'people/directory-token', 'keys/litellm-key', 'workspaces/coder-token'],
  bundled: [
    'access/refresh-pepper',
    'people/directory-token',
    'keys/litellm-key',
    'keys/anthropic-admin-key',
    'workspaces/coder-token',
    'inference/anthropic-key',
    'operations/slack-webhook',
    'operations/pagerduty-key',
  ],
};

describe('a pool of its own', () => {
  it('is made where the profile asks for it, for people whom an admin invites, with a second factor', () => {
    for (const graph of graphs) expect(graph.all('aws:cognito/userPool:UserPool'), graph.stage).toHaveLength(graph.stage === 'new' ? 1 : 0);
    expect(of('new').one('aws:cognito/userPool:UserPool', 'People').inputs).toMatchObject({
      name: 'gatehouse-new',
      adminCreateUserConfig: { allowAdminCreateUserOnly: true },
      mfaConfiguration: 'ON',
      deletionProtection: 'ACTIVE',
    });
    expect(of('new').one('aws:cognito/userPoolClient:UserPoolClient', 'PeopleClient').inputs).toMatchObject({
      generateSecret: false,
      allowedOauthFlows: ['code'],
      callbackUrls: ['https://claude.example.com/oauth/callback'],
    });
  });

  it('is what access and people know as issuer, client and directory, and what the reader may read', () => {
    const graph = of('new');
    const configOf = (name: string) =>
      graph.all('aws:lambda/function:Function').find(({ inputs }) => inputs.name === `gatehouse-new-${name}`)?.inputs.environment.variables
        .CONFIG;
    const issuer = 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_0People00';
    expect(configOf('access-token')).toMatchObject({
      issuers: [{ kind: 'cognito', issuer, audiences: ['0client0of0people0'] }],
      login: { issuer, client_id: '0client0of0people0' },
    });
    expect(configOf('people-sweep')).toMatchObject({ directory: [{ kind: 'cognito', issuer, user_pool_id: 'us-east-1_0People00' }] });
    const readers = statementsOf(graph).filter(({ actions }) => actions.includes('cognito-idp:ListUsers'));
    expect(readers.length).toBeGreaterThan(0);
    for (const { resources } of readers)
      expect(resources).toEqual(['arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_0People00']);
  });
});

it('has the stage in every name, so that no second stage of any name clashes with it', () => {
  for (const { stage, resources } of graphs)
    for (const { type, name, inputs } of resources) {
      const physical = inputs.name ?? inputs.bucket;
      if (typeof physical !== 'string' || type === assets || !type.startsWith('aws:')) continue;
      if (inSomething.has(type) || /^(aws\.partner\/|vendedlog)/.test(physical) || inputs.bucket === 'sst-asset') continue;
      expect(` ${physical} `, `${type} ${name}`).toMatch(new RegExp(`[^a-z0-9]${stage}[^a-z0-9]`));
    }
});

it('shares no name between any two stages of an account', () => {
  const seen = new Map<string, string>();
  for (const { stage, resources } of graphs)
    for (const { type, inputs } of resources) {
      const name = inputs.name ?? inputs.bucket;
      if (typeof name !== 'string' || type === assets || inSomething.has(type) || /^aws\.partner\//.test(name)) continue;
      const other = seen.get(`${type} ${name}`) ?? stage;
      expect(other, `${type} ${name}`).toBe(stage);
      seen.set(`${type} ${name}`, stage);
    }
});

/** Named within what they belong to, or by the company itself. */
const inSomething = new Set(['aws:lambda/alias:Alias', 'aws:sfn/alias:Alias', 'aws:route53/record:Record']);
