/** The state machines of all surfaces; last, because a machine's steps belong to many capabilities. */
import { functionOf } from './capability.ts';
import { deployMachine } from './resources/machine.ts';
import { ownerOfStep, surfaces } from './surfaces.ts';

for (const { capability, machines = [] } of surfaces) {
  for (const machine of machines) {
    const aliases = machine.steps.map((step) => {
      const owner = ownerOfStep(step);
      return [step, functionOf(owner.capability, owner.entry).alias.arn] as const;
    });
    deployMachine(capability, machine, Object.fromEntries(aliases));
  }
}
