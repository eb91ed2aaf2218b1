/** A month's bill from a stage's graph and from what one hour was counted to need. Pure: it measures nothing. */
import type { Profile } from '@gatehouse/core/profile';
import type { Graph } from '../../support/sst-diff/graph.ts';
import type { Hour } from './hour.ts';
import { type Priced, prices } from './prices.ts';

export interface Line {
  what: string;
  priced: Priced;
  count: number;
  dollars: number;
}

const hoursOfMonth = 730;
/** Twenty-two days of eight hours. */
export const developerHours = 176;

function line(what: string, priced: Priced, count: number): Line {
  return { what, priced, count, dollars: count * prices[priced].dollars };
}

/** What stands there and costs by the month, whoever uses it. */
export function standing(graph: Graph, zones: number): Line[] {
  const count = (type: string) => graph.all(type).length;
  const walls = graph.all('aws:wafv2/webAcl:WebAcl');
  return [
    line('the door of the private API', 'endpointHour', zones * hoursOfMonth * count('aws:ec2/vpcEndpoint:VpcEndpoint')),
    line('keys that sign, and that seal what is kept', 'key', count('aws:kms/key:Key')),
    line('secrets', 'secret', count('aws:secretsmanager/secret:Secret')),
    line('alarms', 'alarm', count('aws:cloudwatch/metricAlarm:MetricAlarm')),
    line('dashboards above three', 'dashboard', Math.max(0, count('aws:cloudwatch/dashboard:Dashboard') - 3)),
    line('the wall of the edge', 'wall', walls.length),
    line(
      'its rules',
      'wallRule',
      walls.reduce((sum, { inputs }) => sum + inputs.rules.length, 0),
    ),
  ].filter(({ count: many }) => many > 0);
}

/** What an hour costs, so many times a month. Metrics are the stage's and are told apart. */
export function running(hour: Hour, hours: number): Line[] {
  return [
    line('requests', 'request', hour.requests * hours),
    line('invocations', 'invocation', hour.invocations * hours),
    line('time of functions', 'gigabyteSecond', hour.gigabyteSeconds * hours),
    line('writes', 'writeUnit', hour.writeUnits * hours),
    line('reads', 'readUnit', hour.readUnits * hours),
    line('events', 'event', hour.events * hours),
    line('schedules', 'schedule', hour.scheduled * hours),
    line('signatures', 'sign', hour.signatures * hours),
    line('secrets read', 'secretRead', hour.secretReads * hours),
    line('logs', 'logByte', hour.logBytes * hours),
  ].filter(({ count }) => count > 0);
}

/** Metrics are billed by the hour in which they are sent. @param always those of an hour without people. */
export function measuring(always: number, whenUsed: number): Line[] {
  return [
    line('metrics that are always sent', 'metric', always),
    line('metrics that are sent while people work', 'metric', (whenUsed * developerHours) / hoursOfMonth),
  ];
}

/** Those of the embedded company that a profile's own would send too: it reads five directories, and has a Coder. */
export function ofProfile(metrics: ReadonlySet<string>, { people, workspaces }: Pick<Profile, 'people' | 'workspaces'>): number {
  const kinds = people.directory.map(({ kind }) => kind as string);
  return [...metrics].filter((series) => {
    const source = /^Sweep\w+ source=(\S+)/.exec(series)?.[1];
    if (source !== undefined) return kinds.includes(source);
    return workspaces.coder !== undefined || !/^(CoderUp|WorkspaceBuildsFailed)/.test(series);
  }).length;
}

export function total(lines: readonly Line[]): number {
  return lines.reduce((sum, { dollars }) => sum + dollars, 0);
}

export const idleHours = hoursOfMonth;
