/** Every alarm has a runbook with an owner, every runbook an alarm, and every alarm that is deployed speaks to somebody. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { loadSurfaces } from '@gatehouse/local/surfaces';
import { describe, expect, it } from 'vitest';
import { root } from '../support/sst-diff/environment.ts';
import { capturedGraph } from '../support/sst-diff/graph.ts';

const surfaces = await loadSurfaces();
const [, ...sections] = readFileSync(path.join(root, 'docs/alarms.md'), 'utf8').split(/^## /m);
const headings = sections.map((section) => section.slice(0, section.indexOf('\n')));

it('docs/alarms.md has a heading for each alarm, and no other', () => {
  const declared = surfaces.flatMap(({ capability, alarms = [] }) => alarms.map(({ name }) => `${capability}-${name}`));
  expect([...headings].sort()).toEqual([...declared, 'dead-letters'].sort());
});

it.each(sections.map((section, index) => [headings[index] ?? '', section]))(
  '%s says what happened, whose it is, what to do and when it is over',
  (_, section) => {
    const lines = section.split('\n').filter((line) => line !== '');
    expect(lines.slice(1).map((line) => line.slice(0, line.indexOf(':')))).toEqual(['What happened', 'Owner', 'Do', 'Over']);
  },
);

describe.each(['bundled', 'evaluation', 'existing-pool', 'new', 'own-idp'])('in %s', async (stage) => {
  const graph = await capturedGraph(stage);
  const alarms = graph.all('aws:cloudwatch/metricAlarm:MetricAlarm');

  it('every alarm tells the topic when it starts and when it ends, and ends in its severity and a runbook that is there', () => {
    const topic = `arn:aws:sns:us-east-1:000000000000:gatehouse-${stage}-alerts`;
    for (const { inputs } of alarms) {
      expect(inputs, inputs.name).toMatchObject({ alarmActions: [topic], okActions: [topic] });
      const [, heading = ''] = /\[(?:page|notify|note)\] Runbook: docs\/alarms\.md#([\w-]+)$/.exec(inputs.alarmDescription) ?? [];
      expect(headings, inputs.name).toContain(heading);
    }
  });

  it('every capability that hears events has an alarm on its dead letters', () => {
    const queues = graph.all('aws:sqs/queue:Queue').map(({ inputs }) => inputs.name);
    const watched = alarms.filter(({ inputs }) => inputs.namespace === 'AWS/SQS').map(({ inputs }) => inputs.dimensions.QueueName);
    expect(watched.sort()).toEqual(queues.sort());
  });

  it('the end of a certificate is watched wherever there is one', () => {
    const served = graph.all('aws:apigateway/domainName:DomainName').map(({ inputs }) => inputs.certificateArn);
    const watched = alarms.map(({ inputs }) => inputs.dimensions?.CertificateArn).filter(Boolean);
    expect(watched).toEqual(expect.arrayContaining(served));
  });

  it('leaves no name open', () => {
    for (const { inputs } of alarms) expect(JSON.stringify(inputs), inputs.name).not.toMatch(/\$\{|"\*"/);
  });
});
