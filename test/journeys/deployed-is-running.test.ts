/** What is deployed is what runs: the captured graph against the answers of the running stack. Changing one of the two alone fails here. */

import { EventBridgeClient, ListEventBusesCommand, ListRulesCommand, ListTargetsByRuleCommand } from '@aws-sdk/client-eventbridge';
import { DescribeStateMachineCommand, ListStateMachinesCommand, SFNClient } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { account as deployedAccount, region as deployedRegion } from '../support/sst-diff/environment.ts';
import { capturedGraph } from '../support/sst-diff/graph.ts';
import { type Stack, startStack } from '../support/stack.ts';

let stack: Stack;
let graph: Awaited<ReturnType<typeof capturedGraph>>;
let client: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } };

beforeAll(async () => {
  [stack, graph] = await Promise.all([startStack(), capturedGraph('bundled')]);
  client = { endpoint: stack.aws, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
}, 180_000);
afterAll(() => stack?.stop());

/** Names without the stage, accounts and regions: what the two sides may differ in. */
function bare(text: string): string {
  return text
    .replaceAll(deployedAccount, 'ACCOUNT')
    .replaceAll('000000000000', 'ACCOUNT')
    .replaceAll(`:${deployedRegion}:`, ':REGION:')
    .replaceAll(':us-east-1:', ':REGION:')
    .replaceAll('gatehouse-bundled', 'gatehouse-STAGE')
    .replaceAll('gatehouse-local', 'gatehouse-STAGE');
}

describe('the running stack', () => {
  it('serves the routes of the deployed API, by the same functions', async () => {
    const { routes } = (await (await fetch(`${stack.aws}/_routes`)).json()) as {
      routes: { method: string; path: string; functionName: string }[];
    };
    const running = routes.map(({ method, path, functionName }) => `${method} ${path} -> ${bare(functionName)}`);
    const { paths } = graph.one('aws:apigateway/restApi:RestApi', 'Api').inputs.body as {
      paths: Record<string, Record<string, { 'x-amazon-apigateway-integration': { uri: string } }>>;
    };
    const deployed = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => {
        const name = operation['x-amazon-apigateway-integration'].uri.split(':function:')[1]?.split(':')[0] ?? '';
        return `${method.toUpperCase()} ${path} -> ${bare(name)}`;
      }),
    );
    expect(running.sort()).toEqual(deployed.sort());
  });

  it('has the rules of the deployed buses, with the same patterns and targets', async () => {
    const events = new EventBridgeClient(client);
    const { EventBuses = [] } = await events.send(new ListEventBusesCommand({}));
    const running = new Map<string, unknown>();
    const partners = graph.all('aws:cloudwatch/eventBus:EventBus').map(({ inputs }) => partnerOf(inputs.name));
    // The local company hears every partner, the profile of the graph those that it names.
    for (const { Name = '' } of EventBuses.filter(
      ({ Name = '' }) => !Name.startsWith('aws.partner/') || partners.includes(partnerOf(Name)),
    )) {
      const { Rules = [] } = await events.send(new ListRulesCommand({ EventBusName: Name }));
      for (const rule of Rules) {
        const { Targets = [] } = await events.send(new ListTargetsByRuleCommand({ Rule: rule.Name, EventBusName: Name }));
        const pattern: unknown = JSON.parse(bare(rule.EventPattern ?? '{}'));
        running.set(bare(rule.Name ?? ''), { pattern, targets: Targets.map(({ Arn }) => bare(Arn ?? '')) });
      }
    }
    const targets = graph.all('aws:cloudwatch/eventTarget:EventTarget');
    const rules = graph.all('aws:cloudwatch/eventRule:EventRule').filter(({ inputs }) => inputs.eventPattern !== undefined);
    const deployed = new Map(
      rules.map(({ inputs }) => [
        bare(inputs.name),
        {
          pattern: JSON.parse(bare(JSON.stringify(inputs.eventPattern))),
          targets: targets.filter((target) => target.inputs.rule === inputs.name).map((target) => bare(String(target.inputs.arn))),
        },
      ]),
    );
    expect([...running.keys()].sort()).toEqual([...deployed.keys()].sort());
    for (const [name, rule] of running) expect(rule, name).toEqual(deployed.get(name));
  });

  it('runs the deployed machines, state by state', async () => {
    const states = new SFNClient(client);
    const { stateMachines = [] } = await states.send(new ListStateMachinesCommand({}));
    const running = new Map<string, unknown>();
    for (const { stateMachineArn, name = '' } of stateMachines) {
      const { definition = '' } = await states.send(new DescribeStateMachineCommand({ stateMachineArn }));
      running.set(bare(name), JSON.parse(bare(definition)));
    }
    const deployed = new Map(
      graph
        .all('aws:sfn/stateMachine:StateMachine')
        .map(({ inputs }) => [bare(inputs.name), JSON.parse(bare(JSON.stringify(inputs.definition)))]),
    );
    expect([...running.keys()].sort()).toEqual([...deployed.keys()].sort());
    for (const [name, definition] of running) expect(definition, name).toEqual(deployed.get(name));
  });
});

/** `aws.partner/okta.com/acme/gatehouse` -> `aws.partner/okta.com`. */
function partnerOf(bus: string): string {
  return bus.split('/').slice(0, 2).join('/');
}
