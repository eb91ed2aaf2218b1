/** Makes what calls functions: buses, rules with their targets, the archive of facts, and schedules. */
import { patternIn } from '@gatehouse/contracts/in-stage';
import { app, busName, functionAlias, functionName, ruleName } from '@gatehouse/contracts/names';
import type { Bus, Surface } from '@gatehouse/contracts/surface';
import type { Scheduler } from '../aws/scheduler/scheduler.ts';
import { type AwsService, account, region } from '../aws/service.ts';
import { deadLetterArn } from '../dead-letters.ts';
import { auth0Bus } from '../idp/auth0.ts';
import { partnerBus, stage } from '../profile.ts';
import { arnOf, call, look } from './call.ts';

const place = { stage, partition: 'aws', region, account };

function busOf(bus: Bus): string {
  switch (bus) {
    case 'default':
      return 'default';
    case 'product':
      return busName(stage);
    case 'okta':
      return partnerBus;
    case 'auth0':
      return auth0Bus;
  }
}

export async function makeRules(surfaces: readonly Surface[], events: AwsService): Promise<void> {
  const rules = surfaces.flatMap((surface) => (surface.rules ?? []).map((rule) => ({ surface, rule })));
  const buses = new Set([busName(stage), partnerBus, ...rules.map(({ rule }) => busOf(rule.bus))]);
  buses.delete('default');
  for (const Name of buses)
    if (!(await look(events, 'DescribeEventBus', { Name }, /ResourceNotFound/)))
      await call(events, 'CreateEventBus', { Name, ...(Name.startsWith('aws.partner/') && { EventSourceName: Name }) });
  for (const { surface, rule } of rules) {
    const EventBusName = busOf(rule.bus);
    const Rule = ruleName(stage, surface.capability, rule.name);
    await call(events, 'PutRule', {
      Name: Rule,
      EventBusName,
      EventPattern: JSON.stringify(patternIn(place, rule.pattern)),
      State: 'ENABLED',
    });
    const Arn = arnOf('lambda', `function:${functionName(stage, surface.capability, rule.entry)}:${functionAlias}`);
    await call(events, 'PutTargets', {
      Rule,
      EventBusName,
      Targets: [
        {
          Id: rule.entry,
          Arn,
          RetryPolicy: { MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 24 * 3600 },
          DeadLetterConfig: { Arn: deadLetterArn(surface) },
        },
      ],
    });
  }
}

/** Facts of the last 30 days, to be replayed after an outage. */
export async function makeArchive(events: AwsService): Promise<void> {
  const ArchiveName = `${app}-${stage}-facts`;
  if (await look(events, 'DescribeArchive', { ArchiveName }, /ResourceNotFound/)) return;
  await call(events, 'CreateArchive', { ArchiveName, EventSourceArn: arnOf('events', `event-bus/${busName(stage)}`), RetentionDays: 30 });
}

export function makeSchedules(surfaces: readonly Surface[], scheduler: Pick<Scheduler, 'ensure'>): void {
  for (const surface of surfaces)
    for (const { name, expression, entry } of surface.schedules ?? []) {
      const Name = ruleName(stage, surface.capability, name);
      scheduler.ensure(Name, {
        ScheduleExpression: expression,
        ScheduleExpressionTimezone: 'UTC',
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: {
          Arn: arnOf('lambda', `function:${functionName(stage, surface.capability, entry)}:${functionAlias}`),
          RoleArn: `arn:aws:iam::${account}:role/${Name}`,
          DeadLetterConfig: { Arn: deadLetterArn(surface) },
          RetryPolicy: { MaximumRetryAttempts: 10, MaximumEventAgeInSeconds: 3600 },
        },
      });
    }
}
