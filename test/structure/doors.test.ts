/** The gateway's own name, and the edge: who reaches what, from where, and under which address. */
import { loadSurfaces } from '@gatehouse/local/surfaces';
import { describe, expect, it } from 'vitest';
import { capturedGraph } from '../support/sst-diff/graph.ts';

const bundled = await capturedGraph('bundled');
const ownIdp = await capturedGraph('own-idp');
const evaluation = await capturedGraph('evaluation');
const routes = (await loadSurfaces()).flatMap(({ routes = [] }) => routes);

describe('a domain', () => {
  it('is private, and reached through the endpoint of the API alone', () => {
    for (const graph of [bundled, ownIdp]) {
      const { inputs } = graph.one('aws:apigateway/domainName:DomainName', 'Domain');
      expect(inputs).toMatchObject({
        domainName: 'claude.example.com',
        endpointConfiguration: { types: 'PRIVATE', ipAddressType: 'ipv4' },
      });
      expect(inputs.policy.Statement).toContainEqual(
        expect.objectContaining({ Effect: 'Deny', Condition: { StringNotEquals: { 'aws:SourceVpce': 'vpce-ApiEndpoint' } } }),
      );
      expect(graph.one('aws:apigateway/domainNameAccessAssociation:DomainNameAccessAssociation', 'DomainAccess').inputs).toMatchObject({
        accessAssociationSource: 'vpce-ApiEndpoint',
        accessAssociationSourceType: 'VPCE',
      });
      expect(graph.one('aws:apigateway/basePathMapping:BasePathMapping', 'DomainMapping').inputs.basePath).toBeUndefined();
    }
  });

  it('has an address record of the endpoint and no other, where the profile names a zone', () => {
    const records = bundled.all('aws:route53/record:Record').map(({ inputs }) => `${inputs.type} ${inputs.name}`);
    expect(records.sort()).toEqual(['A claude.example.com', 'CNAME _proof.claude.example.com.']);
    expect(ownIdp.all('aws:route53/record:Record')).toEqual([]);
  });

  it('shows the certificate that was imported, else one that the zone proves', () => {
    const certificateOf = (graph: typeof bundled) => graph.one('aws:apigateway/domainName:DomainName', 'Domain').inputs.certificateArn;
    expect(certificateOf(ownIdp)).toMatch(/^arn:aws:acm:eu-central-1:/);
    expect(certificateOf(bundled)).toContain(':certificate/DomainCertificate');
  });

  it("is every function's address, and without one the API's own name is", () => {
    const addresses = (graph: typeof bundled) =>
      new Set(graph.all('aws:lambda/function:Function').map(({ inputs }) => inputs.environment.variables.PUBLIC_URL));
    expect([...addresses(bundled)]).toEqual(['https://claude.example.com']);
    expect([...addresses(evaluation)]).toEqual(['https://Api-id.execute-api.us-east-1.amazonaws.com/evaluation']);
  });
});

describe('the edge', () => {
  it('serves what identity providers push, and nothing else', () => {
    const { body, endpointConfiguration } = bundled.one('aws:apigateway/restApi:RestApi', 'EdgeApi').inputs;
    expect(endpointConfiguration.types).toBe('REGIONAL');
    const served = Object.entries<object>(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const pushed = routes.filter(({ admit }) => admit === 'scim' || admit === 'hook').map(({ method, path }) => `${method} ${path}`);
    expect(served.sort()).toEqual(pushed.sort());
    expect(served.every((route) => / \/(scim|hooks)\//.test(route))).toBe(true);
  });

  it('is throttled, logged, and walled where the profile asks for it', () => {
    expect(bundled.one('aws:apigateway/methodSettings:MethodSettings', 'EdgeThrottle').inputs.settings).toMatchObject({
      throttlingRateLimit: 50,
      throttlingBurstLimit: 100,
    });
    expect(bundled.one('aws:apigateway/stage:Stage', 'EdgeStage').inputs.accessLogSettings.destinationArn).toBeTruthy();
    expect(bundled.all('aws:wafv2/webAclAssociation:WebAclAssociation')).toHaveLength(1);
  });
});

it('sets environments aside where the profile says so, and nowhere in a new account', () => {
  const reserved = (graph: typeof bundled) =>
    graph
      .all('aws:lambda/function:Function')
      .filter(({ inputs }) => (inputs.reservedConcurrentExecutions ?? -1) >= 0)
      .map(({ inputs }) => `${inputs.name} ${inputs.reservedConcurrentExecutions}`);
  expect(reserved(evaluation)).toEqual([]);
  expect(reserved(bundled)).toContain('gatehouse-bundled-usage-ingest 50');
});

it('makes one endpoint a zone', () => {
  expect(evaluation.all('aws:ec2/subnet:Subnet')).toHaveLength(1);
  expect(bundled.all('aws:ec2/subnet:Subnet')).toHaveLength(2);
  expect(ownIdp.all('aws:ec2/subnet:Subnet')).toEqual([]);
});
