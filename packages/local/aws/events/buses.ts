/** The buses of EventBridge and their rules: what the control plane keeps and answers. It publishes and delivers nothing. */
import { AwsError, type AwsService, account, region } from '../service.ts';
import type { RetryPolicy, Target } from './delivery.ts';
import { checkName, listOf, paged } from './input.ts';
import { PatternError } from './matcher.ts';
import { type CompiledPattern, compilePattern } from './pattern.ts';

export interface StoredRule {
  Name: string;
  Arn: string;
  EventBusName: string;
  EventPattern: string;
  State: 'ENABLED' | 'DISABLED';
  Description?: string;
  RoleArn?: string;
  compiled: CompiledPattern;
  targets: Map<string, Target>;
}
export interface Bus {
  name: string;
  arn: string;
  /** A partner's bus takes the events of the partner source of the same name and no others. */
  partner: boolean;
  rules: Map<string, StoredRule>;
}
export interface Buses {
  /** By name or ARN; undefined when there is none. */
  find(nameOrArn: string | undefined): Bus | undefined;
  operations: AwsService['operations'];
}

const maxTargets = 5;
const maxPatternCharacters = 4096;

export function createBuses(): Buses {
  const buses = new Map<string, Bus>();
  add('default', false);

  function add(name: string, partner: boolean): Bus {
    const bus = { name, arn: `arn:aws:events:${region}:${account}:event-bus/${name}`, partner, rules: new Map() };
    buses.set(name, bus);
    return bus;
  }
  const find = (nameOrArn = 'default') =>
    buses.get(nameOrArn.includes(':event-bus/') ? (nameOrArn.split(':event-bus/')[1] ?? '') : nameOrArn);

  function busOf(input: { EventBusName?: string }): Bus {
    const bus = find(input.EventBusName);
    if (!bus) throw new AwsError('ResourceNotFoundException', `Event bus ${input.EventBusName} does not exist.`);
    return bus;
  }
  function ruleOf(input: { EventBusName?: string }, name: unknown): { bus: Bus; rule: StoredRule } {
    const bus = busOf(input);
    const rule = bus.rules.get(String(name));
    if (!rule) throw new AwsError('ResourceNotFoundException', `Rule ${name} does not exist on EventBus ${bus.name}.`);
    return { bus, rule };
  }
  const setState = (State: StoredRule['State']) => (input: { Name?: string; EventBusName?: string }) => {
    const { bus, rule } = ruleOf(input, input.Name);
    bus.rules.set(rule.Name, { ...rule, State });
    return {};
  };

  const operations: AwsService['operations'] = {
    CreateEventBus(input) {
      const name = checkName('Name', input.Name, /^[/.\-_A-Za-z0-9]{1,256}$/);
      const partner = name.startsWith('aws.partner/');
      if (partner !== (input.EventSourceName === name))
        throw new AwsError(
          'ValidationException',
          'A partner event bus bears the name of its partner event source: send it as Name and as EventSourceName',
        );
      if (!partner && name.includes('/')) throw new AwsError('ValidationException', `Event bus name ${name} must not contain '/'.`);
      if (buses.has(name)) throw new AwsError('ResourceAlreadyExistsException', `Event bus ${name} already exists.`);
      return { EventBusArn: add(name, partner).arn };
    },
    DeleteEventBus(input) {
      if (input.Name === 'default') throw new AwsError('ValidationException', 'Cannot delete event bus default.');
      if (find(input.Name)?.rules.size)
        throw new AwsError('ValidationException', `Event bus ${input.Name} cannot be deleted since it has rules.`);
      buses.delete(String(input.Name));
      return {};
    },
    DescribeEventBus(input) {
      const bus = busOf({ EventBusName: input.Name });
      return { Name: bus.name, Arn: bus.arn };
    },
    ListEventBuses(input) {
      const { page, NextToken } = paged([...buses.values()], input, ({ name }) => name);
      return { EventBuses: page.map(({ name, arn }) => ({ Name: name, Arn: arn })), NextToken };
    },

    PutRule(input) {
      const bus = busOf(input);
      const Name = checkName('Name', input.Name, /^[.\-_A-Za-z0-9]{1,64}$/);
      if (input.ScheduleExpression !== undefined)
        throw new AwsError(
          'ValidationException',
          'ScheduleExpression is not in the embedded stack: schedules are EventBridge Scheduler schedules',
        );
      if (typeof input.EventPattern !== 'string')
        throw new AwsError('ValidationException', 'Parameter(s) EventPattern or ScheduleExpression must be specified.');
      const Arn = `arn:aws:events:${region}:${account}:rule/${bus.name === 'default' ? '' : `${bus.name}/`}${Name}`;
      bus.rules.set(Name, {
        Name,
        Arn,
        EventBusName: bus.name,
        EventPattern: input.EventPattern,
        State: input.State === 'DISABLED' ? 'DISABLED' : 'ENABLED',
        ...(typeof input.Description === 'string' && { Description: input.Description }),
        ...(typeof input.RoleArn === 'string' && { RoleArn: input.RoleArn }),
        compiled: parsePattern(input.EventPattern),
        targets: bus.rules.get(Name)?.targets ?? new Map(),
      });
      return { RuleArn: Arn };
    },
    DescribeRule: (input) => shown(ruleOf(input, input.Name).rule),
    ListRules(input) {
      const { page, NextToken } = paged([...busOf(input).rules.values()], input, ({ Name }) => Name);
      return { Rules: page.map(shown), NextToken };
    },
    EnableRule: setState('ENABLED'),
    DisableRule: setState('DISABLED'),
    DeleteRule(input) {
      const bus = busOf(input);
      if (bus.rules.get(input.Name)?.targets.size) throw new AwsError('ValidationException', "Rule can't be deleted since it has targets.");
      bus.rules.delete(input.Name);
      return {};
    },

    PutTargets(input) {
      const { rule } = ruleOf(input, input.Rule);
      const targets = listOf(input.Targets, 'Targets').map(parseTarget);
      if (new Set([...rule.targets.keys(), ...targets.map(({ Id }) => Id)]).size > maxTargets)
        throw new AwsError(
          'LimitExceededException',
          `The requested resource exceeds the maximum number allowed (${maxTargets} targets a rule).`,
        );
      for (const target of targets) rule.targets.set(target.Id, target);
      return { FailedEntryCount: 0, FailedEntries: [] };
    },
    ListTargetsByRule(input) {
      const { page, NextToken } = paged([...ruleOf(input, input.Rule).rule.targets.values()], input, ({ Id }) => Id);
      return { Targets: page, NextToken };
    },
    RemoveTargets(input) {
      const { rule } = ruleOf(input, input.Rule);
      const failed = listOf(input.Ids, 'Ids').filter((id) => !rule.targets.delete(String(id)));
      const FailedEntries = failed.map((TargetId) => ({
        TargetId,
        ErrorCode: 'ResourceNotFoundException',
        ErrorMessage: `Target ${TargetId} does not exist.`,
      }));
      return { FailedEntryCount: failed.length, FailedEntries };
    },
  };
  return { find, operations };
}

/** The text of a pattern as PutRule takes it. Throws InvalidEventPatternException with a sentence. */
export function parsePattern(text: string): CompiledPattern {
  const invalid = (reason: string) => new AwsError('InvalidEventPatternException', `Event pattern is not valid. Reason: ${reason}`);
  if (text.length > maxPatternCharacters) throw invalid(`it has ${text.length} characters; ${maxPatternCharacters} are allowed`);
  try {
    return compilePattern(JSON.parse(text));
  } catch (error) {
    if (error instanceof PatternError || error instanceof SyntaxError) throw invalid(error.message);
    throw error;
  }
}

function parseTarget(target: Record<string, unknown>): Target {
  const { Id, Arn } = target;
  if (typeof Id !== 'string' || typeof Arn !== 'string' || !Arn.startsWith('arn:'))
    throw new AwsError('ValidationException', 'Each target needs an Id and an Arn.');
  for (const change of ['Input', 'InputPath', 'InputTransformer'])
    if (target[change] !== undefined)
      throw new AwsError('ValidationException', `${change} is not in the embedded stack: a target receives the whole event`);
  const policy = target.RetryPolicy as RetryPolicy | undefined;
  const between = (value: number | undefined, least: number, most: number) => value === undefined || (value >= least && value <= most);
  if (!between(policy?.MaximumRetryAttempts, 0, 185) || !between(policy?.MaximumEventAgeInSeconds, 60, 86_400))
    throw new AwsError('ValidationException', 'MaximumRetryAttempts is 0 to 185 and MaximumEventAgeInSeconds 60 to 86400.');
  return { ...target, Id, Arn };
}

function shown(rule: StoredRule): Omit<StoredRule, 'compiled' | 'targets'> {
  const { compiled: _compiled, targets: _targets, ...rest } = rule;
  return rest;
}
