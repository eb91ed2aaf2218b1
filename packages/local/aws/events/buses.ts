/**
 * The buses of EventBridge and their rules: what the control plane keeps and answers. What people make outlives the process; what the stack
 * makes it makes again. It publishes and delivers nothing.
 */
import { type AwsCall, AwsError, type AwsService, account, region } from '../service.ts';
import type { RetryPolicy, Target } from './delivery.ts';
import { checkName, listOf, paged } from './input.ts';
import { PatternError } from './matcher.ts';
import { type CompiledPattern, compilePattern } from './pattern.ts';
import { checkTargetInput } from './target-input.ts';
import { type KeptTarget, readUserRules, stackCaller, writeUserRules } from './user-rules.ts';

export interface StoredRule {
  Name: string;
  Arn: string;
  EventBusName: string;
  EventPattern: string;
  State: 'ENABLED' | 'DISABLED';
  Description?: string;
  RoleArn?: string;
  compiled: CompiledPattern;
  targets: Map<string, PutTarget>;
  /** People made it, and the stack did not. */
  byUser: boolean;
}
interface PutTarget extends Target {
  byUser: boolean;
}
export interface Bus {
  name: string;
  arn: string;
  /** A partner's bus takes the events of the partner source of the same name and no others. */
  partner: boolean;
  byUser: boolean;
  rules: Map<string, StoredRule>;
}
export interface Buses {
  /** By name or ARN; undefined when there is none. */
  find(nameOrArn: string | undefined): Bus | undefined;
  operations: AwsService['operations'];
}

const maxTargets = 5;
const maxPatternCharacters = 4096;

/** `path`: the document of what people made; without it nothing is kept. */
export function createBuses(path?: string): Buses {
  const buses = new Map<string, Bus>();
  add('default', false, false);
  /** Targets of people whose rule is not there yet: the stack puts its own after this. */
  let waiting: readonly KeptTarget[] = [];
  restore();

  function add(name: string, partner: boolean, byUser: boolean): Bus {
    const bus = { name, arn: `arn:aws:events:${region}:${account}:event-bus/${name}`, partner, byUser, rules: new Map() };
    buses.set(name, bus);
    return bus;
  }
  function restore(): void {
    const kept = readUserRules(path);
    waiting = kept.targets;
    for (const { name, partner } of kept.buses) add(name, partner, true);
    for (const { bus, name, pattern, state, description, roleArn } of kept.rules) {
      const known = buses.get(bus);
      // On a bus that the stack has yet to make, a rule waits for it.
      const at = known ?? add(bus, bus.startsWith('aws.partner/'), false);
      putRule(at, name, { EventPattern: pattern, State: state, Description: description, RoleArn: roleArn }, true);
    }
  }
  function save({ caller }: AwsCall): void {
    if (caller === stackCaller) return;
    const all = [...buses.values()];
    const rules = all.flatMap((bus) => [...bus.rules.values()]);
    writeUserRules(path, {
      buses: all.filter(({ byUser }) => byUser).map(({ name, partner }) => ({ name, partner })),
      rules: rules
        .filter(({ byUser }) => byUser)
        .map(({ EventBusName, Name, EventPattern, State, Description, RoleArn }) => ({
          bus: EventBusName,
          name: Name,
          pattern: EventPattern,
          state: State,
          ...(Description !== undefined && { description: Description }),
          ...(RoleArn !== undefined && { roleArn: RoleArn }),
        })),
      targets: rules.flatMap(({ EventBusName: bus, Name: rule, targets }) =>
        [...targets.values()].filter(({ byUser }) => byUser).map((target) => ({ bus, rule, target: withoutMaker(target) })),
      ),
    });
  }
  function putRule(bus: Bus, Name: string, input: Record<string, unknown>, byUser: boolean): StoredRule {
    const known = bus.rules.get(Name);
    const pattern = String(input.EventPattern);
    const targets = known?.targets ?? new Map<string, PutTarget>();
    if (!known)
      for (const { rule, target, bus: name } of waiting)
        if (name === bus.name && rule === Name) targets.set(target.Id, { ...target, byUser: true });
    const rule: StoredRule = {
      Name,
      Arn: `arn:aws:events:${region}:${account}:rule/${bus.name === 'default' ? '' : `${bus.name}/`}${Name}`,
      EventBusName: bus.name,
      EventPattern: pattern,
      State: input.State === 'DISABLED' ? 'DISABLED' : 'ENABLED',
      ...(typeof input.Description === 'string' && { Description: input.Description }),
      ...(typeof input.RoleArn === 'string' && { RoleArn: input.RoleArn }),
      compiled: parsePattern(pattern),
      targets,
      byUser: byUser && known?.byUser !== false,
    };
    bus.rules.set(Name, rule);
    return rule;
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
  const setState = (State: StoredRule['State']) => (input: { Name?: string; EventBusName?: string }, call: AwsCall) => {
    const { bus, rule } = ruleOf(input, input.Name);
    bus.rules.set(rule.Name, { ...rule, State });
    save(call);
    return {};
  };

  const operations: AwsService['operations'] = {
    CreateEventBus(input, call) {
      const name = checkName('Name', input.Name, /^[/.\-_A-Za-z0-9]{1,256}$/);
      const partner = name.startsWith('aws.partner/');
      if (partner !== (input.EventSourceName === name))
        throw new AwsError(
          'ValidationException',
          'A partner event bus bears the name of its partner event source: send it as Name and as EventSourceName',
        );
      if (!partner && name.includes('/')) throw new AwsError('ValidationException', `Event bus name ${name} must not contain '/'.`);
      if (buses.has(name)) throw new AwsError('ResourceAlreadyExistsException', `Event bus ${name} already exists.`);
      const bus = add(name, partner, call.caller !== stackCaller);
      save(call);
      return { EventBusArn: bus.arn };
    },
    DeleteEventBus(input, call) {
      if (input.Name === 'default') throw new AwsError('ValidationException', 'Cannot delete event bus default.');
      if (find(input.Name)?.rules.size)
        throw new AwsError('ValidationException', `Event bus ${input.Name} cannot be deleted since it has rules.`);
      buses.delete(String(input.Name));
      save(call);
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

    PutRule(input, call) {
      const bus = busOf(input);
      const name = checkName('Name', input.Name, /^[.\-_A-Za-z0-9]{1,64}$/);
      if (input.ScheduleExpression !== undefined)
        throw new AwsError(
          'ValidationException',
          'ScheduleExpression is not in the embedded stack: schedules are EventBridge Scheduler schedules',
        );
      if (typeof input.EventPattern !== 'string')
        throw new AwsError('ValidationException', 'Parameter(s) EventPattern or ScheduleExpression must be specified.');
      const rule = putRule(bus, name, input, call.caller !== stackCaller);
      save(call);
      return { RuleArn: rule.Arn };
    },
    DescribeRule: (input) => shown(ruleOf(input, input.Name).rule),
    ListRules(input) {
      const { page, NextToken } = paged([...busOf(input).rules.values()], input, ({ Name }) => Name);
      return { Rules: page.map(shown), NextToken };
    },
    ListRuleNamesByTarget(input) {
      const targeted = [...busOf(input).rules.values()].filter(({ targets }) =>
        [...targets.values()].some(({ Arn }) => Arn === input.TargetArn),
      );
      const { page, NextToken } = paged(targeted, input, ({ Name }) => Name);
      return { RuleNames: page.map(({ Name }) => Name), NextToken };
    },
    EnableRule: setState('ENABLED'),
    DisableRule: setState('DISABLED'),
    DeleteRule(input, call) {
      const bus = busOf(input);
      if (bus.rules.get(input.Name)?.targets.size) throw new AwsError('ValidationException', "Rule can't be deleted since it has targets.");
      bus.rules.delete(input.Name);
      save(call);
      return {};
    },

    PutTargets(input, call) {
      const { rule } = ruleOf(input, input.Rule);
      const targets = listOf(input.Targets, 'Targets').map(parseTarget);
      if (new Set([...rule.targets.keys(), ...targets.map(({ Id }) => Id)]).size > maxTargets)
        throw new AwsError(
          'LimitExceededException',
          `The requested resource exceeds the maximum number allowed (${maxTargets} targets a rule).`,
        );
      for (const target of targets) rule.targets.set(target.Id, { ...target, byUser: call.caller !== stackCaller });
      save(call);
      return { FailedEntryCount: 0, FailedEntries: [] };
    },
    ListTargetsByRule(input) {
      const { page, NextToken } = paged([...ruleOf(input, input.Rule).rule.targets.values()], input, ({ Id }) => Id);
      return { Targets: page.map(withoutMaker), NextToken };
    },
    RemoveTargets(input, call) {
      const { rule } = ruleOf(input, input.Rule);
      const failed = listOf(input.Ids, 'Ids').filter((id) => !rule.targets.delete(String(id)));
      const FailedEntries = failed.map((TargetId) => ({
        TargetId,
        ErrorCode: 'ResourceNotFoundException',
        ErrorMessage: `Target ${TargetId} does not exist.`,
      }));
      save(call);
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
  checkTargetInput(target, Id);
  const policy = target.RetryPolicy as RetryPolicy | undefined;
  const between = (value: number | undefined, least: number, most: number) => value === undefined || (value >= least && value <= most);
  if (!between(policy?.MaximumRetryAttempts, 0, 185) || !between(policy?.MaximumEventAgeInSeconds, 60, 86_400))
    throw new AwsError('ValidationException', 'MaximumRetryAttempts is 0 to 185 and MaximumEventAgeInSeconds 60 to 86400.');
  return { ...target, Id, Arn };
}

function shown(rule: StoredRule): Omit<StoredRule, 'compiled' | 'targets' | 'byUser'> {
  const { compiled: _compiled, targets: _targets, byUser: _byUser, ...rest } = rule;
  return rest;
}

function withoutMaker({ byUser: _byUser, ...target }: PutTarget): Target {
  return target;
}
