/** The variables that a function gets, from its entry in the surface. The stacks and the embedded stack say only what each value is. */
import { bucketEnv, keyEnv, machineEnv, secretEnv, stepEnv, tableEnv } from './names.ts';
import type { Capability, Entry, Surface } from './surface.ts';

export interface Values<T> {
  /** The capability's part of the profile, as JSON. */
  config(capability: Capability): T;
  /** The gateway's origin: issuer and audience of every access token. */
  publicUrl(): T;
  table(capability: Capability): T;
  /** `<capability>/<key>` -> ARN. */
  key(key: string): T;
  secret(capability: Capability, secret: string): T;
  /** `<capability>/<bucket>` -> its name. */
  bucket(bucket: string): T;
  step(step: string): T;
  machine(machine: string): T;
  bus(): T;
}

export function environmentOf<T>(surface: Surface, entry: Entry, values: Values<T>): Record<string, T> {
  const variables: Record<string, T> = { CONFIG: values.config(surface.capability), PUBLIC_URL: values.publicUrl() };
  for (const { capability } of entry.tables ?? []) variables[tableEnv(capability)] = values.table(capability);
  for (const { key } of entry.keys ?? []) variables[keyEnv(key)] = values.key(key);
  for (const secret of entry.secrets ?? []) variables[secretEnv(secret)] = values.secret(surface.capability, secret);
  for (const { bucket } of entry.buckets ?? []) variables[bucketEnv(bucket)] = values.bucket(bucket);
  for (const step of entry.calls ?? []) variables[stepEnv(step)] = values.step(step);
  for (const machine of entry.starts ?? []) variables[machineEnv(machine)] = values.machine(machine);
  if (entry.publishes) variables.BUS_NAME = values.bus();
  return variables;
}
