/** Deploys one capability from its surface and from nothing else: what is not in the surface does not exist in AWS. */
import { alarmsOf } from '@gatehouse/contracts/in-stage';
import type { Capability, Surface } from '@gatehouse/contracts/surface';
import { alarm } from './resources/alarm.ts';
import { deadLetters } from './resources/dead-letters.ts';
import { type Deployed, deployFunction } from './resources/function.ts';
import { subscribe } from './resources/rule.ts';
import { schedule } from './resources/schedule.ts';
import { feed } from './resources/stream.ts';
import { stage } from './stage.ts';
import { partOf, storesOf } from './stores.ts';

const functions = new Map<string, Deployed>();

/** The function behind an entry, of a capability whose stack came before. */
export function functionOf(capability: Capability, entry: string): Deployed {
  const found = functions.get(`${capability}/${entry}`);
  if (!found) throw new Error(`${capability} has no entry "${entry}", or its stack comes later in sst.config.ts`);
  return found;
}

export function deploy(surface: Surface): void {
  const { capability } = surface;
  const { table, logs } = storesOf(surface);
  const letters = deadLetters(surface);
  for (const [name, entry] of Object.entries(surface.entries)) {
    functions.set(`${capability}/${name}`, deployFunction(surface, name, entry, { table, deadLetters: letters?.arn, log: logs.get(name) }));
  }
  for (const rule of surface.rules ?? []) subscribe(capability, rule, functionOf(capability, rule.entry), letters);
  for (const item of surface.schedules ?? []) schedule(capability, item, functionOf(capability, item.entry), letters);
  for (const reader of surface.streams ?? []) feed(capability, reader, functionOf(capability, reader.entry), table, letters);
  for (const item of surface.alarms ?? []) for (const one of alarmsOf(stage, capability, item, partOf(capability))) alarm(capability, one);
}
