/** Reads a definition's text and says, in sentences, why it is no JSONata machine. Never runs one. */

import { checkTemplate, fieldsOf, isWhole, type Problems, type Scope } from './check-field.ts';
import { checkFallible } from './check-retry.ts';
import type { TopMachine } from './definition.ts';
import { isObject } from './json.ts';

export interface Problem {
  /** `INVALID_JSON_DESCRIPTION`, `SCHEMA_VALIDATION_FAILED` or `MISSING_TRANSITION_TARGET`. */
  code: string;
  message: string;
  /** e.g. `/States/Cut`. */
  location: string;
}
export type Checked = { machine: TopMachine } | { problems: readonly Problem[] };

const maxDefinitionBytes = 1_048_576;
const longestTimeoutSeconds = 99_999_999;

/** `compile` throws when its argument is not JSONata. */
export function checkDefinition(text: string, compile: (expression: string) => void): Checked {
  const problems: Problem[] = [];
  const problem = (location: string, message: string, code = 'SCHEMA_VALIDATION_FAILED') => void problems.push({ code, message, location });
  const definition = parse(text, problem);
  if (definition === undefined) return { problems };
  const scope: Scope = { problem, compile, names: new Set(), variables: new Set(), jsonata: definition.QueryLanguage === 'JSONata' };
  if (definition.QueryLanguage === 'JSONPath')
    problem('/', 'This stack runs JSONata machines only: set QueryLanguage to "JSONata" instead of "JSONPath"');
  else if (definition.QueryLanguage !== undefined && !scope.jsonata) problem('/QueryLanguage', 'QueryLanguage must be "JSONata"');
  fieldsOf(definition, ['Comment', 'StartAt', 'States', 'QueryLanguage', 'TimeoutSeconds', 'Version'], '', scope);
  if (definition.TimeoutSeconds !== undefined && !isWhole(definition.TimeoutSeconds, 1, longestTimeoutSeconds))
    problem('/TimeoutSeconds', `TimeoutSeconds of a machine must be a whole number from 1 to ${longestTimeoutSeconds}`);
  checkMachine(definition, '', scope);
  if (problems.length > 0) return { problems };
  return { machine: definition as unknown as TopMachine }; // Every member was checked above.
}

function parse(text: string, problem: Problems): Record<string, unknown> | undefined {
  if (Buffer.byteLength(text) > maxDefinitionBytes) {
    problem('/', 'The definition exceeds 1 MB');
    return undefined;
  }
  let definition: unknown;
  try {
    definition = JSON.parse(text);
  } catch (error) {
    problem('/', error instanceof Error ? error.message : String(error), 'INVALID_JSON_DESCRIPTION');
    return undefined;
  }
  if (isObject(definition)) return definition;
  problem('/', 'Definition must be a valid JSON object');
  return undefined;
}

function checkMachine(machine: Record<string, unknown>, at: string, scope: Scope): void {
  const missing = ['States', 'StartAt'].filter((field) => machine[field] === undefined);
  if (missing.length > 0) {
    scope.problem(at || '/', `These fields are required: [${missing.join(', ')}]`);
    return;
  }
  const { States: states, StartAt: first } = machine;
  if (!isObject(states) || Object.keys(states).length === 0) {
    scope.problem(`${at}/States`, 'States must hold at least one state');
    return;
  }
  if (typeof first !== 'string' || !(first in states))
    scope.problem(`${at}/StartAt`, `StartAt names '${first}', which is not one of the States`, 'MISSING_TRANSITION_TARGET');
  const inner: Scope = { ...scope, variables: new Set([...scope.variables, ...assignedIn(states)]) };
  const targets = new Map<string, string[]>();
  for (const [name, state] of Object.entries(states)) {
    const location = `${at}/States/${name}`;
    if (name.length > 80) scope.problem(location, 'A state name has at most 80 characters');
    if (scope.names.has(name)) scope.problem(location, `The state name '${name}' is used twice in this machine`);
    scope.names.add(name);
    if (!isObject(state)) scope.problem(location, 'A state must be an object');
    else targets.set(name, checkState(state, location, inner, scope.variables));
  }
  checkTargets(typeof first === 'string' ? first : '', targets, at, scope);
}

/** Every target exists and every state can be reached. */
function checkTargets(first: string, targets: ReadonlyMap<string, string[]>, at: string, scope: Scope): void {
  const reached = new Set<string>();
  const open = [first];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (reached.has(name) || !targets.has(name)) continue;
    reached.add(name);
    open.push(...(targets.get(name) ?? []));
  }
  for (const [name, nexts] of targets) {
    const location = `${at}/States/${name}`;
    for (const next of nexts)
      if (!targets.has(next)) scope.problem(location, `Missing 'Next' target: ${next}`, 'MISSING_TRANSITION_TARGET');
    if (!reached.has(name)) scope.problem(location, `State "${name}" is not reachable`, 'MISSING_TRANSITION_TARGET');
  }
}

function assignedIn(states: Record<string, unknown>): string[] {
  return Object.values(states).flatMap((state) => {
    if (!isObject(state)) return [];
    const rules = [state.Choices, state.Catch].flatMap((list) => (Array.isArray(list) ? list : []));
    return [state, ...rules].flatMap((each) => (isObject(each) && isObject(each.Assign) ? Object.keys(each.Assign) : []));
  });
}

const step = ['Type', 'Comment', 'QueryLanguage', 'Next', 'End', 'Output', 'Assign'];
const fallible = [...step, 'Retry', 'Catch'];
const fields: Readonly<Record<string, readonly string[]>> = {
  Pass: step,
  Succeed: ['Type', 'Comment', 'QueryLanguage', 'Output'],
  Fail: ['Type', 'Comment', 'QueryLanguage', 'Error', 'Cause'],
  Wait: [...step, 'Seconds', 'Timestamp'],
  Choice: ['Type', 'Comment', 'QueryLanguage', 'Choices', 'Default', 'Output', 'Assign'],
  Task: [...fallible, 'Resource', 'Arguments', 'TimeoutSeconds', 'HeartbeatSeconds', 'Credentials'],
  Parallel: [...fallible, 'Arguments', 'Branches'],
  Map: [
    ...[...fallible, 'Items', 'ItemSelector', 'ItemProcessor', 'MaxConcurrency', 'ItemBatcher', 'Label'],
    ...['ToleratedFailureCount', 'ToleratedFailurePercentage'],
  ],
};

/** Returns the states that this one can go to. */
function checkState(state: Record<string, unknown>, at: string, scope: Scope, outer: ReadonlySet<string>): string[] {
  const { Type: type } = state;
  const allowed = typeof type === 'string' ? fields[type] : undefined;
  if (!allowed) {
    scope.problem(at, `Type must be one of ${Object.keys(fields).join(', ')}, not ${JSON.stringify(type)}`);
    return [];
  }
  if (state.QueryLanguage === 'JSONPath' || (state.QueryLanguage === undefined && !scope.jsonata))
    scope.problem(at, 'This stack runs JSONata states only: set QueryLanguage to "JSONata" on the machine');
  fieldsOf(state, allowed, at, scope);
  for (const field of ['Output', 'Arguments', 'Items', 'ItemSelector', 'Error', 'Cause', 'Timestamp'])
    if (state[field] !== undefined) checkTemplate(state[field], `${at}/${field}`, scope);
  checkAssign(state.Assign, at, scope, outer);
  const nexts = [
    ...checkWayOn(state, type as string, at, scope),
    ...checkFallible(state, at, scope, (each, where) => checkAssign(each, where, scope, outer)),
  ];
  if (type === 'Choice') nexts.push(...checkChoices(state, at, scope, outer));
  if (type === 'Fail') for (const field of ['Error', 'Cause']) needText(state[field], `${at}/${field}`, scope);
  if (type === 'Wait') checkWait(state, at, scope);
  if (type === 'Task') checkTask(state, at, scope);
  if (type === 'Parallel') checkBranches(state, at, scope);
  if (type === 'Map') checkMap(state, at, scope);
  return nexts;
}

function checkWayOn(state: Record<string, unknown>, type: string, at: string, scope: Scope): string[] {
  if (type === 'Choice' || type === 'Succeed' || type === 'Fail') return [];
  if ((state.Next === undefined) === (state.End === undefined))
    scope.problem(at, 'A state needs either "Next" or "End": true, and not both');
  if (state.End !== undefined && state.End !== true) scope.problem(`${at}/End`, 'End must be true');
  if (state.Next === undefined) return [];
  if (typeof state.Next === 'string') return [state.Next];
  scope.problem(`${at}/Next`, 'Next must be the name of a state');
  return [];
}

/** The name of a variable: a Unicode identifier, at most 80 characters. */
const variablePattern = /^[\p{ID_Start}_][\p{ID_Continue}_]*$/u;

function checkAssign(assign: unknown, at: string, scope: Scope, outer: ReadonlySet<string>): void {
  if (assign === undefined) return;
  if (!isObject(assign)) {
    scope.problem(`${at}/Assign`, 'Assign must be an object of variable names');
    return;
  }
  for (const name of Object.keys(assign)) {
    const location = `${at}/Assign/${name}`;
    if (name === 'states') scope.problem(location, '"states" is reserved and cannot be assigned');
    else if (name.length > 80 || !variablePattern.test(name)) scope.problem(location, `"${name}" is not the name of a variable`);
    if (outer.has(name)) scope.problem(location, `An inner scope cannot assign "${name}", a variable of the scope outside it`);
  }
  checkTemplate(assign, `${at}/Assign`, scope);
}

function checkChoices(state: Record<string, unknown>, at: string, scope: Scope, outer: ReadonlySet<string>): string[] {
  const nexts: string[] = [];
  if (state.Default !== undefined) {
    if (typeof state.Default === 'string') nexts.push(state.Default);
    else scope.problem(`${at}/Default`, 'Default must be the name of a state');
  }
  if (!Array.isArray(state.Choices) || state.Choices.length === 0) {
    scope.problem(`${at}/Choices`, 'Choices must be a list with at least one rule');
    return nexts;
  }
  for (const [index, rule] of state.Choices.entries()) {
    const location = `${at}/Choices[${index}]`;
    if (!isObject(rule)) {
      scope.problem(location, 'A rule must be an object');
      continue;
    }
    fieldsOf(rule, ['Condition', 'Next', 'Output', 'Assign', 'Comment'], location, scope);
    if (typeof rule.Condition !== 'string' && typeof rule.Condition !== 'boolean')
      scope.problem(location, 'A rule needs a Condition: an expression in {% %} that is true or false');
    else checkTemplate(rule.Condition, `${location}/Condition`, scope);
    if (rule.Output !== undefined) checkTemplate(rule.Output, `${location}/Output`, scope);
    checkAssign(rule.Assign, location, scope, outer);
    if (typeof rule.Next === 'string') nexts.push(rule.Next);
    else scope.problem(location, 'A rule needs a Next');
  }
  return nexts;
}

function needText(value: unknown, at: string, scope: Scope): void {
  if (value !== undefined && typeof value !== 'string') scope.problem(at, 'must be a string');
}

function checkWait(state: Record<string, unknown>, at: string, scope: Scope): void {
  if ((state.Seconds === undefined) === (state.Timestamp === undefined))
    scope.problem(at, 'A Wait state needs exactly one of Seconds and Timestamp');
  needText(state.Timestamp, `${at}/Timestamp`, scope);
  if (state.Seconds !== undefined) checkNumber(state.Seconds, `${at}/Seconds`, 0, scope);
}

/** A whole number, or an expression that will be one. */
function checkNumber(value: unknown, at: string, least: number, scope: Scope): void {
  if (typeof value === 'string' && value.startsWith('{%')) {
    checkTemplate(value, at, scope);
    return;
  }
  if (!isWhole(value, least, longestTimeoutSeconds))
    scope.problem(at, `must be a whole number from ${least} to ${longestTimeoutSeconds}, or an expression in {% %}`);
}

function checkTask(state: Record<string, unknown>, at: string, scope: Scope): void {
  const { Resource: resource, TimeoutSeconds: timeout, HeartbeatSeconds: heartbeat } = state;
  if (typeof resource !== 'string' || !/^arn:aws[a-z-]*:(states|lambda):/.test(resource))
    scope.problem(`${at}/Resource`, 'Resource must be an ARN of arn:aws:states::: or of a Lambda function');
  else if (/:activity:/.test(resource)) scope.problem(`${at}/Resource`, 'Activities are not in the embedded stack: use a task token');
  if (timeout !== undefined) checkNumber(timeout, `${at}/TimeoutSeconds`, 1, scope);
  if (heartbeat !== undefined) checkNumber(heartbeat, `${at}/HeartbeatSeconds`, 1, scope);
  if (typeof timeout === 'number' && typeof heartbeat === 'number' && heartbeat >= timeout)
    scope.problem(at, 'HeartbeatSeconds must be smaller than TimeoutSeconds');
  if (state.Credentials !== undefined) scope.problem(`${at}/Credentials`, 'Credentials are not in the embedded stack');
}

function checkBranches(state: Record<string, unknown>, at: string, scope: Scope): void {
  if (!Array.isArray(state.Branches) || state.Branches.length === 0) {
    scope.problem(`${at}/Branches`, 'Branches must be a list with at least one machine');
    return;
  }
  for (const [index, branch] of state.Branches.entries()) {
    const location = `${at}/Branches[${index}]`;
    if (!isObject(branch)) scope.problem(location, 'A branch must be an object');
    else {
      fieldsOf(branch, ['Comment', 'StartAt', 'States'], location, scope);
      checkMachine(branch, location, scope);
    }
  }
}

function checkMap(state: Record<string, unknown>, at: string, scope: Scope): void {
  const processor = state.ItemProcessor;
  if (!isObject(processor)) {
    scope.problem(at, 'A Map state needs an ItemProcessor');
    return;
  }
  fieldsOf(processor, ['Comment', 'StartAt', 'States', 'ProcessorConfig'], `${at}/ItemProcessor`, scope);
  const config = processor.ProcessorConfig ?? {};
  const mode = isObject(config) ? (config.Mode ?? 'INLINE') : undefined;
  if (mode !== 'INLINE' && mode !== 'DISTRIBUTED')
    scope.problem(`${at}/ItemProcessor/ProcessorConfig`, 'Mode must be INLINE or DISTRIBUTED');
  if (mode === 'DISTRIBUTED' && isObject(config) && config.ExecutionType !== 'STANDARD' && config.ExecutionType !== 'EXPRESS')
    scope.problem(`${at}/ItemProcessor/ProcessorConfig`, 'A DISTRIBUTED Map needs an ExecutionType, STANDARD or EXPRESS');
  if (mode === 'INLINE')
    for (const field of ['ItemBatcher', 'ToleratedFailureCount', 'ToleratedFailurePercentage', 'Label'])
      if (state[field] !== undefined) scope.problem(`${at}/${field}`, `${field} needs a Map in DISTRIBUTED mode`);
  if (state.MaxConcurrency !== undefined) checkNumber(state.MaxConcurrency, `${at}/MaxConcurrency`, 0, scope);
  if (state.ToleratedFailureCount !== undefined) checkNumber(state.ToleratedFailureCount, `${at}/ToleratedFailureCount`, 0, scope);
  checkPercentage(state.ToleratedFailurePercentage, `${at}/ToleratedFailurePercentage`, scope);
  checkBatcher(state.ItemBatcher, `${at}/ItemBatcher`, scope);
  needText(state.Label, `${at}/Label`, scope);
  checkMachine(processor, `${at}/ItemProcessor`, mode === 'DISTRIBUTED' ? { ...scope, variables: new Set() } : scope);
}

function checkPercentage(value: unknown, at: string, scope: Scope): void {
  if (value === undefined) return;
  if (typeof value === 'string') {
    checkTemplate(value, at, scope);
    return;
  }
  if (typeof value !== 'number' || value < 0 || value > 100) scope.problem(at, 'must be a number from 0 to 100');
}

function checkBatcher(batcher: unknown, at: string, scope: Scope): void {
  if (batcher === undefined) return;
  if (!isObject(batcher)) {
    scope.problem(at, 'ItemBatcher must be an object');
    return;
  }
  fieldsOf(batcher, ['MaxItemsPerBatch', 'MaxInputBytesPerBatch', 'BatchInput'], at, scope);
  if (batcher.MaxItemsPerBatch === undefined && batcher.MaxInputBytesPerBatch === undefined)
    scope.problem(at, 'ItemBatcher needs MaxItemsPerBatch or MaxInputBytesPerBatch');
  for (const field of ['MaxItemsPerBatch', 'MaxInputBytesPerBatch'])
    if (batcher[field] !== undefined) checkNumber(batcher[field], `${at}/${field}`, 1, scope);
  if (batcher.BatchInput !== undefined) checkTemplate(batcher.BatchInput, `${at}/BatchInput`, scope);
}
