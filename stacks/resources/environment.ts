/** What the variables of a function are in AWS; which ones there are, the contracts say. */
import { environmentOf as variablesOf } from '@gatehouse/contracts/environment';
import { busName, machineAlias, machineName, tableName } from '@gatehouse/contracts/names';
import type { Capability, Entry, Surface } from '@gatehouse/contracts/surface';
import { publicUrl } from '../origin.ts';
import { withPool } from '../pool.ts';
import { arn, profile, stage } from '../stage.ts';
import { hasMachine } from '../surfaces.ts';
import { physicalBucket } from './bucket.ts';
import { keyArn } from './key.ts';
import { functionOfStep } from './permission.ts';
import { secretArn } from './secret.ts';

export function environmentOf(surface: Surface, entry: Entry): Record<string, $util.Input<string>> {
  return variablesOf<$util.Input<string>>(surface, entry, {
    config: configOf,
    publicUrl: () => publicUrl,
    table: (capability) => tableName(stage, capability),
    key: keyArn,
    secret: (_, name) => secretArn(surface, name),
    bucket: physicalBucket,
    step: (step) => arn('lambda', `function:${functionOfStep(stage, step)}`),
    machine: (machine) => {
      if (!hasMachine(machine)) throw new Error(`An entry of ${surface.capability} starts the machine "${machine}", which no surface has`);
      return arn('states', `stateMachine:${machineName(stage, machine)}:${machineAlias}`);
    },
    bus: () => busName(stage),
  });
}

/** A capability's part of the profile; some have none. */
function configOf(capability: Capability): $util.Input<string> {
  const parts: Readonly<Record<string, unknown>> = profile;
  return withPool(JSON.stringify(parts[capability] ?? {}));
}
