/** The variables of a function, by the names that the contracts fix; the embedded stack sets the same ones. */
import {
  busName,
  keyEnv,
  machineAlias,
  machineEnv,
  machineName,
  secretEnv,
  stepEnv,
  tableEnv,
  tableName,
} from '@gatehouse/contracts/names';
import type { Entry, Surface } from '@gatehouse/contracts/surface';
import { arn, profile, stage } from '../stage.ts';
import { hasMachine } from '../surfaces.ts';
import { keyArn } from './key.ts';
import { functionOfStep } from './permission.ts';
import { secretArn } from './secret.ts';

export function environmentOf(surface: Surface, entry: Entry): Record<string, $util.Input<string>> {
  const variables: Record<string, $util.Input<string>> = { CONFIG: configOf(surface) };
  for (const { capability } of entry.tables ?? []) variables[tableEnv(capability)] = tableName(stage, capability);
  for (const { key } of entry.keys ?? []) variables[keyEnv(key)] = keyArn(key);
  for (const secret of entry.secrets ?? []) variables[secretEnv(secret)] = secretArn(surface.capability, secret);
  for (const step of entry.calls ?? []) variables[stepEnv(step)] = arn('lambda', `function:${functionOfStep(stage, step)}`);
  for (const machine of entry.starts ?? []) {
    if (!hasMachine(machine)) throw new Error(`An entry of ${surface.capability} starts the machine "${machine}", which no surface has`);
    variables[machineEnv(machine)] = arn('states', `stateMachine:${machineName(stage, machine)}:${machineAlias}`);
  }
  if (entry.publishes) variables.BUS_NAME = busName(stage);
  return variables;
}

/** This capability's part of the profile; some have none. */
function configOf({ capability }: Surface): string {
  const parts: Readonly<Record<string, unknown>> = profile;
  return JSON.stringify(parts[capability] ?? {});
}
