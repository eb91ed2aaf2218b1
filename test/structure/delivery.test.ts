/** Nothing that is delivered is lost in silence: every subscriber retries, puts aside what it cannot do, and somebody is told. */

import { functionName } from '@gatehouse/contracts/names';
import { loadSurfaces } from '@gatehouse/local/surfaces';
import { describe, expect, it } from 'vitest';
import { capturedGraph } from '../support/sst-diff/graph.ts';

const surfaces = await loadSurfaces();
/** Of an event source mapping, without asking for more (Lambda's quotas). */
const mostFilters = 5;
/** The captured graph holds documents parsed. */
const patternsOf = (inputs: { filterCriteria: { filters: { pattern: unknown }[] } }) =>
  inputs.filterCriteria.filters.map(({ pattern }) => pattern);

describe.each(['bundled', 'evaluation', 'existing-pool', 'new', 'own-idp'])('in %s', async (stage) => {
  const graph = await capturedGraph(stage);
  const queues = graph.all('aws:sqs/queue:Queue').map(({ inputs }) => inputs.name as string);
  const isDeadLetters = (arn: unknown) => queues.some((queue) => typeof arn === 'string' && arn.endsWith(`:${queue}`));
  const wanted = new Map(
    surfaces.flatMap(({ capability, streams = [] }) =>
      streams.map(({ entry, filters }) => [functionName(stage, capability, entry), filters]),
    ),
  );
  const live = new RegExp(`:function:gatehouse-${stage}-[\\w-]+:live$`);

  describe('events', () => {
    it.each(graph.all('aws:cloudwatch/eventTarget:EventTarget').map((target) => [target.name, target.inputs]))(
      '%s retries, then dead-letters',
      (_, inputs) => {
        expect(inputs.arn).toMatch(live);
        expect(inputs.deadLetterConfig.arn).toSatisfy(isDeadLetters);
        expect(inputs.retryPolicy.maximumRetryAttempts).toBeGreaterThan(0);
        expect(inputs.retryPolicy.maximumEventAgeInSeconds).toBeGreaterThanOrEqual(3600);
      },
    );

    it('reach a function that puts aside what it gave up on', () => {
      const caught = graph.all('aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig');
      const targets = [
        ...graph.all('aws:cloudwatch/eventTarget:EventTarget').map(({ inputs }) => inputs.arn),
        ...graph.all('aws:scheduler/schedule:Schedule').map(({ inputs }) => inputs.target.arn),
      ];
      for (const target of targets) {
        const config = caught.find(({ inputs }) => target.endsWith(`:${inputs.functionName}:${inputs.qualifier}`));
        expect(config?.inputs.destinationConfig.onFailure.destination, target).toSatisfy(isDeadLetters);
      }
    });

    it('may be put into the dead letters by the rules of their capability and by nothing else', () => {
      const rules = graph.all('aws:cloudwatch/eventRule:EventRule').map(({ inputs }) => inputs.name as string);
      const allowed = graph.all('aws:sqs/queuePolicy:QueuePolicy').flatMap(({ inputs }) =>
        inputs.policy.Statement.flatMap((statement: { Principal: unknown; Condition: { ArnEquals: Record<string, string[]> } }) => {
          expect(statement.Principal).toEqual({ Service: ['events.amazonaws.com'] });
          return statement.Condition.ArnEquals['aws:SourceArn']?.map((arn) => arn.split('/').at(-1));
        }),
      );
      expect(allowed.sort()).toEqual(rules.sort());
    });

    it('may invoke only by the rule, the API or the log that the permission names', () => {
      for (const { name, inputs } of graph.all('aws:lambda/permission:Permission')) {
        expect(inputs.sourceArn, name).toMatch(/^arn:aws:(events|execute-api|logs):/);
        expect(inputs.qualifier, name).toBe('live');
      }
    });
  });

  describe('schedules', () => {
    it('retry, then dead-letter, and mean UTC', () => {
      for (const { name, inputs } of graph.all('aws:scheduler/schedule:Schedule')) {
        expect(inputs.target.arn, name).toMatch(live);
        expect(inputs.target.deadLetterConfig.arn, name).toSatisfy(isDeadLetters);
        expect(inputs.target.retryPolicy.maximumRetryAttempts, name).toBeGreaterThan(0);
        expect(inputs.scheduleExpressionTimezone, name).toBe('UTC');
      }
    });
  });

  describe('streams', () => {
    it.each(graph.all('aws:lambda/eventSourceMapping:EventSourceMapping').map((item) => [item.name, item.inputs]))(
      '%s cuts out what it cannot do',
      (_, inputs) => {
        expect(inputs.functionName).toMatch(live);
        expect(inputs).toMatchObject({
          startingPosition: 'TRIM_HORIZON',
          bisectBatchOnFunctionError: true,
          functionResponseTypes: ['ReportBatchItemFailures'],
        });
        expect(inputs.maximumRetryAttempts).toBeGreaterThan(0);
        expect(patternsOf(inputs)).toEqual(wanted.get(inputs.functionName.split(':').at(-2)));
        expect(patternsOf(inputs).length).toBeLessThanOrEqual(mostFilters);
        expect(inputs.destinationConfig.onFailure.destinationArn).toSatisfy(isDeadLetters);
      },
    );
  });

  describe('alarms', () => {
    const alarms = graph.all('aws:cloudwatch/metricAlarm:MetricAlarm');
    const topics = graph.all('aws:sns/topic:Topic').map(({ inputs }) => inputs.name as string);

    it.each(alarms.map((alarm) => [alarm.inputs.name, alarm.inputs]))('%s tells somebody, and when it is over', (_, inputs) => {
      for (const action of [inputs.alarmActions, inputs.okActions]) {
        expect(action).toHaveLength(1);
        expect(topics).toContain(action[0].split(':').at(-1));
      }
      expect(inputs.alarmDescription.length).toBeGreaterThan(20);
    });

    it('watch every queue of dead letters', () => {
      expect(
        alarms
          .map(({ inputs }) => inputs.dimensions?.QueueName)
          .filter(Boolean)
          .sort(),
      ).toEqual([...queues].sort());
    });
  });
});
