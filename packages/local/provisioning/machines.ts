/** Makes the state machines with the ARNs of their steps filled in, and moves their alias to what changed. It runs none. */
import { readFile } from 'node:fs/promises';
import { machineAlias, machineName, placeholder } from '@gatehouse/contracts/names';
import type { Surface } from '@gatehouse/contracts/surface';
import { type AwsService, account } from '../aws/service.ts';
import { stage } from '../profile.ts';
import { arnOf, call, look } from './call.ts';

const root = new URL('../../../', import.meta.url);

export async function makeMachines(surfaces: readonly Surface[], states: AwsService, owners: ReadonlyMap<string, string>): Promise<void> {
  for (const { machines = [] } of surfaces) {
    for (const { name, definition, steps } of machines) {
      const text = fillPlaceholders(await readFile(new URL(definition, root), 'utf8'), steps, owners, definition);
      const machine = machineName(stage, name);
      const stateMachineArn = arnOf('states', `stateMachine:${machine}`);
      const roleArn = `arn:aws:iam::${account}:role/${machine}`;
      const known = await look(states, 'DescribeStateMachine', { stateMachineArn }, /DoesNotExist/);
      if (known && sameJson(String(known.definition), text)) continue;
      const made = known
        ? await call(states, 'UpdateStateMachine', { stateMachineArn, definition: text, publish: true })
        : await call(states, 'CreateStateMachine', { name: machine, type: 'STANDARD', definition: text, roleArn, publish: true });
      const routingConfiguration = [{ stateMachineVersionArn: made.stateMachineVersionArn, weight: 100 }];
      const alias = { stateMachineAliasArn: `${stateMachineArn}:${machineAlias}` };
      if (await look(states, 'DescribeStateMachineAlias', alias, /ResourceNotFound|DoesNotExist/))
        await call(states, 'UpdateStateMachineAlias', { ...alias, routingConfiguration });
      else await call(states, 'CreateStateMachineAlias', { name: machineAlias, routingConfiguration });
    }
  }
}

/** Every placeholder is filled and every step is used, or the machine is not made. */
export function fillPlaceholders(text: string, steps: readonly string[], owners: ReadonlyMap<string, string>, file: string): string {
  const unused = new Set(steps);
  const filled = text.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const step = steps.find((one) => placeholder(one) === name);
    const arn = step && owners.get(step);
    if (!step || !arn) throw new Error(`${file}: \${${name}} is no step of the machine, or nobody does it`);
    unused.delete(step);
    return arn;
  });
  if (unused.size > 0)
    throw new Error(`${file} never uses ${[...unused].join(', ')}: take them out of the surface or put them into the machine`);
  return filled;
}

function sameJson(a: string, b: string): boolean {
  return JSON.stringify(JSON.parse(a)) === JSON.stringify(JSON.parse(b));
}
