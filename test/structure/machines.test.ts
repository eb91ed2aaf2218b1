/** Every machine is valid, calls exactly the steps of its surface, and is ready for each way in which a step can end. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { functionAlias, functionName, machineAlias, machineName, placeholder } from '@gatehouse/contracts/names';
import { loadSurfaces } from '@gatehouse/local/surfaces';
import { describe, expect, it } from 'vitest';
import { fill } from '../../stacks/resources/definition.ts';
import { account, region, root } from '../support/sst-diff/environment.ts';
import { capturedGraph } from '../support/sst-diff/graph.ts';
import { statementsOf } from '../support/sst-diff/power.ts';
import { literalErrorNames, steps } from './contracts.ts';

/** The package has no types; https://github.com/ChristopheBougere/asl-validator. */
type Validate = (definition: unknown, options: { checkArn: boolean }) => { isValid: boolean; errorsText(separator: string): string };
const require = createRequire(import.meta.url);
const validate: Validate = require('asl-validator');

interface Handler {
  ErrorEquals: string[];
  JitterStrategy?: string;
  MaxAttempts?: number;
}
interface State {
  Type: string;
  Arguments?: { FunctionName?: string };
  TimeoutSeconds?: number | string;
  Retry?: Handler[];
  Catch?: Handler[];
  Branches?: Definition[];
  ItemProcessor?: Definition;
}
interface Definition {
  StartAt: string;
  States: Record<string, State>;
}

const stage = 'bundled';
const graph = await capturedGraph(stage);
const surfaces = await loadSurfaces();
const machines = surfaces.flatMap(({ machines = [] }) => machines);
const deployed = graph.all('aws:sfn/stateMachine:StateMachine');
const arnOf = (owner: string, entry: string) =>
  `arn:aws:lambda:${region}:${account}:function:${functionName(stage, owner as never, entry)}:${functionAlias}`;

/** Step name -> the ARN of the alias that does it, said again apart from the stacks. */
const stepArns = new Map(
  surfaces.flatMap(({ capability, steps: offered = {} }) =>
    Object.entries(offered).map(([step, entry]) => [step, arnOf(capability, entry)] as const),
  ),
);

describe.each(machines.map((machine) => [machine.name, machine] as const))('%s', (name, machine) => {
  const physical = machineName(stage, name);
  const resource = deployed.find(({ inputs }) => inputs.name === physical) ?? expect.fail(`${physical} is not deployed`);
  const definition: Definition = resource.inputs.definition;
  const tasks = allStates(definition).filter(([, { Type }]) => Type === 'Task');

  it('is valid Amazon States Language', () => {
    const { isValid, errorsText } = validate(structuredClone(definition), { checkArn: true });
    expect(isValid, errorsText('\n')).toBe(true);
  });

  it('is the file of its surface, filled with the aliases of its steps', () => {
    const text = readFileSync(path.join(root, machine.definition), 'utf8');
    const arns = Object.fromEntries(machine.steps.map((step) => [step, stepArns.get(step) ?? expect.fail(`nobody offers ${step}`)]));
    expect(definition).toEqual(JSON.parse(fill(name, text, arns)));
    expect(JSON.stringify(definition)).not.toContain('${');
  });

  it('may invoke its steps and nothing else', () => {
    const role = resource.inputs.roleArn.split('/').at(-1);
    const invoked = statementsOf(graph)
      .filter((statement) => statement.role === role && statement.actions.includes('lambda:InvokeFunction'))
      .flatMap(({ resources }) => resources);
    expect(invoked.sort()).toEqual(machine.steps.map((step) => stepArns.get(step)).sort());
  });

  it.each(tasks)('%s: has a timeout, a retry with jitter and a catch, but where a redrive is to begin', (name, task) => {
    expect(task.TimeoutSeconds).toBeDefined();
    expect(task.Retry?.length).toBeGreaterThan(0);
    for (const retry of task.Retry ?? []) expect(retry.JitterStrategy).toBe('FULL');
    if (name !== definition.StartAt && !name.startsWith('Stop: ')) expect(task.Catch?.length).toBeGreaterThan(0);
  });

  it.each(tasks)('%s: matches only errors that its step can end with', (_, task) => {
    const step = stepOf(task);
    for (const error of [...(task.Retry ?? []), ...(task.Catch ?? [])].flatMap(({ ErrorEquals }) => ErrorEquals)) {
      // What Lambda calls an environment that died, or that ran out of its time.
      if (/^(States|Lambda|Runtime|Sandbox)\./.test(error)) continue;
      expect(literalErrorNames, `${error} is no literal name of an error class`).toContain(error);
      expect(step.faults, `${step.name} never throws ${error}`).toContain(error);
    }
  });

  it.each(tasks)('%s: leaves its function the time that it may take', (_, task) => {
    const step = stepOf(task);
    const owner = surfaces.find(({ steps: offered }) => offered?.[step.name]) ?? expect.fail(step.name);
    const entry = owner.entries[owner.steps?.[step.name] ?? ''] ?? expect.fail(step.name);
    if (typeof task.TimeoutSeconds === 'number') expect(task.TimeoutSeconds).toBeGreaterThanOrEqual(entry.timeoutSeconds);
    expect(entry.timeoutSeconds).toBeLessThanOrEqual(step.timeoutSeconds);
  });

  it('logs without the data of its executions, is traced, and is started by its alias', () => {
    expect(resource.inputs).toMatchObject({
      type: 'STANDARD',
      publish: true,
      loggingConfiguration: { level: 'ALL', includeExecutionData: false },
      tracingConfiguration: { enabled: true },
    });
    const aliases = graph
      .all('aws:sfn/alias:Alias')
      .map(({ inputs }) => [inputs.name, inputs.routingConfigurations[0].stateMachineVersionArn]);
    expect(aliases).toContainEqual([machineAlias, expect.stringContaining(`:stateMachine:${physical}:`)]);
  });

  function stepOf(task: State) {
    const arn = task.Arguments?.FunctionName;
    const [step] = [...stepArns].find(([candidate, target]) => target === arn && machine.steps.includes(candidate)) ?? [];
    return steps.find((contract) => contract.name === step) ?? expect.fail(`${arn} does no step of ${name}`);
  }
});

describe('filling a definition', () => {
  it('refuses a placeholder that the surface does not list', () => {
    expect(() => fill('mover', '{"a": "${CutSessions}"}', {})).toThrow('writes ${CutSessions}');
  });
  it('refuses a step that the definition never calls', () => {
    expect(() => fill('mover', '{}', { 'cut-sessions': 'arn' })).toThrow('never uses ${CutSessions}');
  });
  it('writes the ARN wherever the step is called', () => {
    expect(fill('mover', '${CutSessions} ${CutSessions}', { 'cut-sessions': 'arn' })).toBe('arn arn');
    expect(placeholder('cut-sessions')).toBe('CutSessions');
  });
});

/** States of all levels, by name. */
function allStates(definition: Definition): [string, State][] {
  return Object.entries(definition.States).flatMap(([name, state]): [string, State][] => [
    [name, state],
    ...(state.Branches ?? []).flatMap(allStates),
    ...(state.ItemProcessor ? allStates(state.ItemProcessor) : []),
  ]);
}

it("are heard of as this stage's own, exactly: another stage of the account has machines whose names end alike", () => {
  const own = graph.all('aws:sfn/stateMachine:StateMachine').map(({ inputs }) => inputs.name);
  const hearing = graph
    .all('aws:cloudwatch/eventRule:EventRule')
    .filter(({ inputs }) => inputs.eventPattern.source?.includes('aws.states'));
  expect(hearing.length).toBeGreaterThan(3);
  for (const { name, inputs } of hearing) {
    const { stateMachineArn, requestParameters } = inputs.eventPattern.detail;
    const written: (string | { prefix: string })[] = stateMachineArn ?? requestParameters.stateMachineArn;
    const arns = written.map((one) => (typeof one === 'string' ? one : one.prefix.replace(/:$/, '')));
    expect(arns.length, name).toBeGreaterThan(0);
    for (const arn of arns) {
      expect(arn, name).toMatch(new RegExp(`^arn:aws:states:${region}:${account}:stateMachine:`));
      expect(own, name).toContain(arn.split(':').at(-1));
    }
  }
});
