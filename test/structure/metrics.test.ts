/** What is measured, watched and shown agrees: by name, unit and dimensions. An alarm or a widget over nothing is found here. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Metric } from '@gatehouse/contracts/surface';
import { loadSurfaces } from '@gatehouse/local/surfaces';
import { dashboards } from '@gatehouse/operations/dashboards';
import { describe, expect, it } from 'vitest';
import { root } from '../support/sst-diff/environment.ts';
import { capturedGraph } from '../support/sst-diff/graph.ts';

const surfaces = await loadSurfaces();
const declared = new Map<string, Metric>();
for (const { metrics = [] } of surfaces) for (const metric of metrics) declared.set(metric.name, metric);

/** Each `Name: { unit: 'Count', ...` that a capability's code writes. */
function written(capability: string): Map<string, string> {
  const files = globSync('**/*.ts', {
    cwd: path.join(root, 'packages', capability),
    exclude: ['**/*.test.ts', '**/*.fixture.ts', 'surface.ts'],
  });
  const text = files.map((file) => readFileSync(path.join(root, 'packages', capability, file), 'utf8')).join('\n');
  return new Map([...text.matchAll(/(\b[A-Z]\w+): \{ unit: '(\w+)'/g)].map(([, name = '', unit = '']) => [name, unit]));
}

/** Metrics that AWS documents, by namespace, with the names of their dimensions. */
const documented: Readonly<Record<string, readonly (readonly [RegExp, readonly (readonly string[])[]])[]>> = {
  'AWS/ApiGateway': [[/^(Count|4XXError|5XXError|Latency|IntegrationLatency)$/, [['ApiName'], ['ApiName', 'Stage']]]],
  'AWS/Lambda': [[/^(Errors|Throttles|ConcurrentExecutions|Duration|Invocations)$/, [[], ['FunctionName']]]],
  'AWS/States': [[/^Executions(Started|Succeeded|Failed|Aborted|TimedOut|Throttled)$/, [['StateMachineArn']]]],
  'AWS/RDS': [[/^CPUUtilization$/, [['DBInstanceIdentifier']]]],
  'AWS/EFS': [[/^BurstCreditBalance$/, [['FileSystemId']]]],
  'AWS/Bedrock': [[/^InvocationThrottles$/, [['ModelId']]]],
  'AWS/CertificateManager': [[/^DaysToExpiry$/, [['CertificateArn']]]],
  'AWS/Logs': [[/^EMF(Parsing|Validation)Errors$/, [['LogGroupName']]]],
  'AWS/SQS': [[/^ApproximateNumberOfMessagesVisible$/, [['QueueName']]]],
};

/** Undefined when the metric is there; else what is missing. */
function missing(namespace: string, name: string, dimensions: readonly string[]): string | undefined {
  const same = (set: readonly string[]) => JSON.stringify([...set].sort()) === JSON.stringify([...dimensions].sort());
  if (namespace !== 'Gatehouse') {
    const known = documented[namespace]?.some(([pattern, sets]) => pattern.test(name) && sets.some(same));
    return known ? undefined : `${namespace} ${name} by [${dimensions}] is not documented`;
  }
  const metric = declared.get(name);
  if (!metric) return `no surface declares ${name}`;
  return metric.sets.some(same) ? undefined : `${name} is not published by [${dimensions}]`;
}

describe.each(surfaces.map(({ capability, metrics = [] }) => ({ capability, metrics })))('$capability', ({ capability, metrics }) => {
  const names = written(capability);

  it('declares every metric that it writes, with its unit', () => {
    const undeclared = [...names].filter(([name, unit]) => !metrics.some((metric) => metric.name === name && metric.unit === unit));
    expect(undeclared).toEqual([]);
  });

  it('writes every metric that it declares', () => {
    const files = globSync('**/*.ts', {
      cwd: path.join(root, 'packages', capability),
      exclude: ['**/*.test.ts', 'surface.ts', 'dashboards.ts'],
    });
    const own = files.map((file) => readFileSync(path.join(root, 'packages', capability, file), 'utf8')).join('\n');
    // What was spent is written by whoever posts it, through the ledger.
    const text = own.includes('spendRows(') ? own + readFileSync(path.join(root, 'packages/ledger/spend-rows.ts'), 'utf8') : own;
    expect(metrics.filter(({ name }) => !text.includes(name)).map(({ name }) => name)).toEqual([]);
  });
});

it('is the same metric wherever two capabilities write one', () => {
  for (const { metrics = [] } of surfaces) for (const metric of metrics) expect(metric, metric.name).toEqual(declared.get(metric.name));
});

it('is there for every alarm', () => {
  const blind = surfaces.flatMap(({ capability, alarms = [] }) =>
    alarms
      .flatMap(({ namespace, metric, dimensions = {} }) => missing(namespace, metric, Object.keys(dimensions)) ?? [])
      .map((what) => `${capability}: ${what}`),
  );
  expect(blind).toEqual([]);
});

describe('the dashboards', async () => {
  const graph = await capturedGraph('bundled');

  it('are three, which cost nothing', () => {
    expect(
      graph
        .all('aws:cloudwatch/dashboard:Dashboard')
        .map(({ inputs }) => inputs.dashboardName)
        .sort(),
    ).toEqual(['gatehouse-bundled-lifecycle', 'gatehouse-bundled-platform', 'gatehouse-bundled-spend']);
  });

  it('show nothing that nobody measures', () => {
    const lines = dashboards.flatMap(({ widgets }) => widgets.flatMap(({ lines }) => lines));
    expect(
      lines.flatMap(({ namespace = 'Gatehouse', metric, dimensions = {} }) => missing(namespace, metric, Object.keys(dimensions)) ?? []),
    ).toEqual([]);
  });

  it('leave no name open', () => {
    for (const { name, inputs } of graph.all('aws:cloudwatch/dashboard:Dashboard'))
      expect(JSON.stringify(inputs), name).not.toContain('${');
  });
});
