/** The surfaces agree with each other, with the contracts, with the code behind them and with what is deployed. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { patternIn } from '@gatehouse/contracts/in-stage';
import { functionName, ruleName } from '@gatehouse/contracts/names';
import { installAwsLambda } from '@gatehouse/local/lambda/runtime';
import { loadSurfaces } from '@gatehouse/local/surfaces';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { account, region, root } from '../support/sst-diff/environment.ts';
import { capturedGraph } from '../support/sst-diff/graph.ts';
import { steps } from './contracts.ts';

// Streaming handlers are made with what Lambda's runtime brings.
installAwsLambda();
const surfaces = await loadSurfaces();
const graph = await capturedGraph('bundled');
const functions = surfaces.flatMap(({ capability, entries }) =>
  Object.entries(entries).map(
    ([name, entry]) => [`${capability}/${name}`, { physical: functionName('bundled', capability, name), entry }] as const,
  ),
);

describe('steps', () => {
  it.each(steps.map((step) => [step.name, step] as const))('%s is offered by its owner, once', (name, { owner }) => {
    const offering = surfaces.filter(({ steps: offered }) => offered?.[name]).map(({ capability }) => capability);
    expect(offering).toEqual([owner]);
  });

  it('are all in the contracts, and each is done by an entry that exists', () => {
    const names = steps.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { capability, entries, steps: offered = {} } of surfaces) {
      for (const [step, entry] of Object.entries(offered)) {
        expect(names, capability).toContain(step);
        expect(Object.keys(entries), `${capability}: ${step}`).toContain(entry);
      }
    }
  });
});

describe('routes, rules, schedules and streams', () => {
  it('each go to an entry of their own capability', () => {
    for (const { capability, entries, routes = [], rules = [], schedules = [], streams = [] } of surfaces) {
      const wanted = [...[...routes, ...rules, ...schedules].map(({ entry }) => entry), ...streams.map(({ entry }) => entry)];
      for (const entry of wanted) expect(Object.keys(entries), capability).toContain(entry);
    }
  });

  it('use each name, and each method and path, once', () => {
    const routes = surfaces.flatMap(({ routes = [] }) => routes.map(({ method, path: route }) => `${method} ${route}`));
    expect(twice(routes)).toEqual([]);
    for (const { capability, routes: own = [], rules = [], schedules = [], alarms = [] } of surfaces) {
      expect(twice(own.map(({ name }) => name)), capability).toEqual([]);
      expect(twice([...rules, ...schedules].map(({ name }) => name)), capability).toEqual([]);
      expect(twice(alarms.map(({ name }) => name)), capability).toEqual([]);
    }
    expect(twice(surfaces.flatMap(({ machines = [] }) => machines.map(({ name }) => name)))).toEqual([]);
  });
});

describe('the deployed graph', () => {
  it('has a function for every entry, and no other', () => {
    const deployed = graph.all('aws:lambda/function:Function').map(({ inputs }) => inputs.name);
    expect(deployed.sort()).toEqual(functions.map(([, { physical }]) => physical).sort());
  });

  it('has the rules of the surfaces, on their buses, with their patterns', () => {
    const buses = { default: 'default', product: 'gatehouse-bundled', okta: 'aws.partner/okta.com/example/gatehouse', auth0: undefined };
    const wanted = surfaces.flatMap(({ capability, rules = [] }) =>
      rules
        .filter(({ bus }) => buses[bus] !== undefined)
        .map(({ name, bus, pattern }) => ({
          name: ruleName('bundled', capability, name),
          eventBusName: buses[bus],
          eventPattern: patternIn({ stage: 'bundled', partition: 'aws', region, account }, pattern),
        })),
    );
    const deployed = graph.all('aws:cloudwatch/eventRule:EventRule').map(({ inputs }) => inputs);
    expect(deployed.sort(byName)).toEqual(wanted.sort(byName));
  });

  it.each(functions)('%s runs on arm64 and Node 24 with the time and memory of its entry', (_, { physical, entry }) => {
    const deployed = graph.all('aws:lambda/function:Function').find(({ inputs }) => inputs.name === physical);
    expect(deployed?.inputs).toMatchObject({
      architectures: ['arm64'],
      runtime: 'nodejs24.x',
      timeout: entry.timeoutSeconds,
      memorySize: entry.memoryMb,
      publish: true,
      loggingConfig: { logFormat: 'JSON' },
    });
  });
});

describe("AWS's limits", () => {
  it('hold for the variables of each function: 4 KB', () => {
    for (const { inputs } of graph.all('aws:lambda/function:Function'))
      expect(JSON.stringify(inputs.environment.variables).length, inputs.name).toBeLessThan(4096);
  });

  it('hold for the pattern of each rule: 2,048 characters', () => {
    for (const { inputs } of graph.all('aws:cloudwatch/eventRule:EventRule'))
      expect(JSON.stringify(inputs.eventPattern).length, inputs.name).toBeLessThanOrEqual(2048);
  });

  it('hold for the policy of each role: 10,240 characters', () => {
    for (const { name, inputs } of graph.all('aws:iam/role:Role'))
      expect(JSON.stringify(inputs.inlinePolicies ?? []).length, name).toBeLessThanOrEqual(10_240);
  });
});

describe('alarms', () => {
  it('on a metric of ours watch one that some code measures, by its literal name', () => {
    const code = globSync('packages/*/*.ts', { cwd: root, exclude: ['**/surface.ts', '**/*.test.ts', 'packages/local/**'] })
      .map((file) => readFileSync(path.join(root, file), 'utf8'))
      .join('\n');
    const ours = surfaces.flatMap(({ alarms = [] }) => alarms.filter(({ namespace }) => namespace === 'Gatehouse'));
    for (const { metric } of ours) expect(new RegExp(`\\b${metric}\\b`).test(code), metric).toBe(true);
  });
});

describe('the code', () => {
  it.each(functions)('of %s exports its handler, and its environment is what the stack sets', async (_, { physical, entry }) => {
    const dot = entry.handler.lastIndexOf('.');
    const file = path.join(root, `${entry.handler.slice(0, dot)}.ts`);
    expect(existsSync(file), `${entry.handler}: there is no such file`).toBe(true);
    const module: Record<string, unknown> & { env?: z.ZodType } = await import(file);
    expect(module[entry.handler.slice(dot + 1)], entry.handler).toBeTypeOf('function');
    const deployed = graph.all('aws:lambda/function:Function').find(({ inputs }) => inputs.name === physical) ?? expect.fail(physical);
    const variables = Object.entries<unknown>(deployed.inputs.environment.variables).map(([name, value]) => [name, asText(value)]);
    // Lambda's own, which no stack sets.
    const parsed = module.env?.safeParse({ AWS_REGION: region, ...Object.fromEntries(variables) });
    expect(parsed?.error?.issues ?? []).toEqual([]);
  });
});

/** The graph shows JSON opened; a function gets text. */
function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function twice(names: readonly string[]): string[] {
  return names.filter((name, index) => names.indexOf(name) !== index);
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}
