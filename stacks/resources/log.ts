/** Log groups: each line ends after a month; where the profile keeps data, a group outlives what wrote it. What is written is the writers' matter. */
import { functionName } from '@gatehouse/contracts/names';
import type { Capability } from '@gatehouse/contracts/surface';
import { keepData, pascal, stage } from '../stage.ts';

function logOf(logical: string, name: string): aws.cloudwatch.LogGroup {
  return new aws.cloudwatch.LogGroup(logical, { name, retentionInDays: 30 }, { retainOnDelete: keepData });
}

/** A function's, by its entry. */
export function functionLog(capability: Capability, entry: string): aws.cloudwatch.LogGroup {
  return logOf(pascal(capability, entry, 'log'), `/aws/lambda/${functionName(stage, capability, entry)}`);
}

/** @param machine its physical name. */
export function machineLog(logical: string, machine: string): aws.cloudwatch.LogGroup {
  return logOf(`${logical}Logs`, `/aws/vendedlogs/states/${machine}`);
}

/** @param api its physical name. */
export function accessLog(logical: string, api: string): aws.cloudwatch.LogGroup {
  return logOf(logical, `/aws/vendedlogs/apis/${api}`);
}
