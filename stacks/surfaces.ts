/** The surfaces of all capabilities, in the order of their stacks, and who owns which step or machine. Plain data. */

import { surface as access } from '@gatehouse/access/surface';
import type { Capability, Surface } from '@gatehouse/contracts/surface';
import { surface as inference } from '@gatehouse/inference/surface';
import { surface as keys } from '@gatehouse/keys/surface';
import { surface as lifecycle } from '@gatehouse/lifecycle/surface';
import { surface as operations } from '@gatehouse/operations/surface';
import { surface as people } from '@gatehouse/people/surface';
import { surface as policy } from '@gatehouse/policy/surface';
import { surface as usage } from '@gatehouse/usage/surface';
import { surface as workspaces } from '@gatehouse/workspaces/surface';

export const surfaces: readonly Surface[] = [access, policy, usage, people, keys, workspaces, lifecycle, inference, operations];

/** Who does a step: the function behind it. */
export function ownerOfStep(step: string): { capability: Capability; entry: string } {
  for (const { capability, steps } of surfaces) {
    const entry = steps?.[step];
    if (entry !== undefined) return { capability, entry };
  }
  throw new Error(`No surface offers the step "${step}": bind it to an entry in its owner's surface.ts, under "steps"`);
}

export function hasMachine(machine: string): boolean {
  return surfaces.some(({ machines }) => machines?.some(({ name }) => name === machine));
}
