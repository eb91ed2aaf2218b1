/** The API that is deployed is the routes of the surfaces: no more, no fewer, and only inside the private network. */
import { functionAlias, functionName } from '@gatehouse/contracts/names';
import { loadSurfaces } from '@gatehouse/local/surfaces';
import { describe, expect, it } from 'vitest';
import { account, region } from '../support/sst-diff/environment.ts';
import { capturedGraph } from '../support/sst-diff/graph.ts';

const stage = 'bundled';
const graph = await capturedGraph(stage);
const [evaluation, ownIdp] = [await capturedGraph('evaluation'), await capturedGraph('own-idp')];
const api = graph.one('aws:apigateway/restApi:RestApi', 'Api').inputs;
const surfaces = await loadSurfaces();
const routes = surfaces.flatMap(({ capability, routes = [] }) => routes.map((route) => ({ ...route, capability })));

interface Operation {
  'x-amazon-apigateway-integration': { type: string; httpMethod: string; uri: string };
}

const operations = Object.entries<Record<string, Operation>>(api.body.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    route: `${method.toUpperCase()} ${path}`,
    integration: operation['x-amazon-apigateway-integration'],
  })),
);

describe('the routes', () => {
  it('are those of the surfaces, each to the alias of its entry', () => {
    const uri = ({ capability, entry, stream }: (typeof routes)[number]) => {
      const alias = `arn:aws:lambda:${region}:${account}:function:${functionName(stage, capability, entry)}:${functionAlias}`;
      const way = stream ? 'response-streaming-invocations' : 'invocations';
      return `arn:aws:apigateway:${region}:lambda:path/${stream ? '2021-11-15' : '2015-03-31'}/functions/${alias}/${way}`;
    };
    const wanted = routes.map((route) => `${route.method} ${route.path} -> ${uri(route)}`);
    expect(operations.map(({ route, integration }) => `${route} -> ${integration.uri}`).sort()).toEqual(wanted.sort());
  });

  it('hand the whole request to a function', () => {
    for (const { route, integration } of operations) expect(integration, route).toMatchObject({ type: 'aws_proxy', httpMethod: 'POST' });
  });

  it('name what varies in one place of the tree alike, as API Gateway wants it', () => {
    const variables = new Map<string, string>();
    for (const { path } of routes) {
      const parts = path.split('/');
      for (const [depth, part] of parts.entries()) {
        if (!part.startsWith('{')) continue;
        const place = parts.slice(0, depth).join('/');
        expect(variables.get(place) ?? part, `below ${place}`).toBe(part);
        variables.set(place, part);
      }
    }
  });

  it('go to functions that answer before API Gateway gives up: after 29 s, and after 15 minutes of a stream', () => {
    for (const { capability, entries } of surfaces)
      for (const { entry, stream } of routes.filter((route) => route.capability === capability))
        expect(entries[entry]?.timeoutSeconds, `${capability}/${entry}`).toBeLessThanOrEqual(stream ? 900 : 29);
  });

  it('pass a stream on as it comes, and nothing else', () => {
    for (const { path: where, method, stream } of routes) {
      const integration = api.body.paths[where][method.toLowerCase()]['x-amazon-apigateway-integration'];
      expect(integration.responseTransferMode, `${method} ${where}`).toBe(stream ? 'STREAM' : undefined);
    }
  });

  it('end at a greedy variable', () => {
    for (const { path } of routes) expect(path.replace(/\/\{\w+\+\}$/, ''), path).not.toContain('+}');
  });

  it('may each be invoked by the API', () => {
    const permitted = graph
      .all('aws:lambda/permission:Permission')
      .filter(({ inputs }) => inputs.principal === 'apigateway.amazonaws.com' && inputs.sourceArn.includes(':Api-id/'))
      .map(({ inputs }) => `${inputs.function}:${inputs.qualifier}`);
    const invoked = operations.map(({ integration }) => integration.uri.split(':function:')[1]?.split('/')[0]);
    expect(permitted.sort()).toEqual([...new Set(invoked)].sort());
  });
});

describe('the API', () => {
  it('is private: its endpoint lets in, and everything else is refused', () => {
    const endpoint = graph.one('aws:ec2/vpcEndpoint:VpcEndpoint', 'ApiEndpoint');
    expect(endpoint.inputs).toMatchObject({ vpcEndpointType: 'Interface', privateDnsEnabled: true, ipAddressType: 'ipv4' });
    expect(api.endpointConfiguration).toEqual({ types: 'PRIVATE', vpcEndpointIds: ['vpce-ApiEndpoint'] });
    expect(api.policy.Statement).toContainEqual({
      Effect: 'Deny',
      Principal: '*',
      Action: 'execute-api:Invoke',
      Resource: 'execute-api:/*',
      Condition: { StringNotEquals: { 'aws:SourceVpce': 'vpce-ApiEndpoint' } },
    });
  });

  it('has no other door: no public API but the edge that a profile opens, no function URL, no way out of its network', () => {
    expect(graph.all('aws:apigateway/restApi:RestApi').map(({ name }) => name)).toEqual(['Api', 'EdgeApi']);
    for (const closed of [evaluation, ownIdp])
      expect(closed.all('aws:apigateway/restApi:RestApi').map(({ name }) => name)).toEqual(['Api']);
    for (const type of [
      'apigatewayv2/api:Api',
      'lambda/functionUrl:FunctionUrl',
      'ec2/internetGateway:InternetGateway',
      'ec2/natGateway:NatGateway',
    ])
      expect(graph.all(`aws:${type}`), type).toEqual([]);
    for (const { name, inputs } of graph.all('aws:ec2/securityGroup:SecurityGroup'))
      expect(JSON.stringify(inputs), name).not.toContain('0.0.0.0/0');
  });

  it('passes bytes as they are', () => {
    expect(api.body['x-amazon-apigateway-binary-media-types']).toEqual(['*/*']);
  });

  it("turns the platform's failures into an empty 503 and its throttling into a 429, both to be tried again", () => {
    expect(api.body['x-amazon-apigateway-gateway-responses']).toMatchObject({
      DEFAULT_5XX: {
        statusCode: '503',
        responseParameters: { 'gatewayresponse.header.Retry-After': "'1'" },
        responseTemplates: { 'application/json': '' },
      },
      THROTTLED: {
        statusCode: '429',
        responseParameters: { 'gatewayresponse.header.Retry-After': "'1'" },
        responseTemplates: { 'application/json': '' },
      },
    });
  });

  it('is throttled and logs each request without its path, query or headers of ours', () => {
    const { settings } = graph.one('aws:apigateway/methodSettings:MethodSettings', 'ApiThrottle').inputs;
    expect(settings.throttlingRateLimit).toBeGreaterThan(0);
    expect(settings.dataTraceEnabled).toBe(false);
    const { format } = graph.one('aws:apigateway/stage:Stage', 'ApiStage').inputs.accessLogSettings;
    expect(Object.values(format)).toContain('$context.requestId');
    expect(Object.values(format)).not.toContain('$context.path');
  });
});
