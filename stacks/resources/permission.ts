/** What a function may do, derived from its entry alone: explicit actions on explicit ARNs. Declares no resource, grants nothing by default. */
import { busName, functionAlias, functionName, machineAlias, machineName, tableName } from '@gatehouse/contracts/names';
import type { Entry, Surface, TableUse } from '@gatehouse/contracts/surface';
import { ownerOfStep } from '../surfaces.ts';

/** One statement of a policy; `A` is how the caller writes an ARN. */
export interface Statement<A> {
  actions: string[];
  resources: A[];
  conditions?: { test: string; variable: string; values: string[] }[];
}

/** The part of an entry's power that names alone express: tables, the bus, steps and machines. */
export function namedStatements<A>(
  stage: string,
  surface: Surface,
  entry: Entry,
  arn: (service: string, rest: string) => A,
): Statement<A>[] {
  return [
    ...(entry.tables ?? []).map((use) => tableStatement(stage, surface, use, arn)),
    ...(entry.publishes ? [{ actions: ['events:PutEvents'], resources: [arn('events', `event-bus/${busName(stage)}`)] }] : []),
    ...(entry.calls ?? []).map((step) => ({
      actions: ['lambda:InvokeFunction'],
      resources: [arn('lambda', `function:${functionOfStep(stage, step)}`)],
    })),
    ...(entry.starts ?? []).map((machine) => ({
      actions: ['states:StartExecution'],
      // Step Functions authorises an alias by the machine's own ARN and this key (Developer Guide, "Authorization for versions and aliases").
      resources: [arn('states', `stateMachine:${machineName(stage, machine)}`)],
      conditions: [{ test: 'ForAnyValue:StringEquals', variable: 'states:StateMachineQualifier', values: [machineAlias] }],
    })),
    ...resumedBy(entry).map((machine) => ({
      actions: ['states:SendTaskSuccess'],
      resources: [arn('states', `stateMachine:${machineName(stage, machine)}`)],
    })),
  ];
}

/** Machines whose waiting tasks an entry answers. */
function resumedBy(entry: Entry & { resumes?: readonly string[] }): readonly string[] {
  return entry.resumes ?? [];
}

/** `<function>:<alias>`, as the last part of the ARN that machines and callers use. */
export function functionOfStep(stage: string, step: string): string {
  const { capability, entry } = ownerOfStep(step);
  return `${functionName(stage, capability, entry)}:${functionAlias}`;
}

function tableStatement<A>(stage: string, surface: Surface, use: TableUse, arn: (service: string, rest: string) => A): Statement<A> {
  const table = `table/${tableName(stage, use.capability)}`;
  const foreign = use.capability !== surface.capability;
  if (foreign && !use.leadingKeys?.length)
    throw new Error(`${surface.capability} uses the table of ${use.capability} without leadingKeys: say which of its rows it reads`);
  // ForAllValues holds when a request names no key at all, as a Scan does.
  if (use.leadingKeys && use.actions.includes('dynamodb:Scan'))
    throw new Error(`${surface.capability} may not Scan the table of ${use.capability}: leadingKeys do not bound a Scan`);
  const indexed = use.actions.some((action) => action === 'dynamodb:Query' || action === 'dynamodb:Scan');
  return {
    actions: [...use.actions],
    resources: [arn('dynamodb', table), ...(indexed ? [arn('dynamodb', `${table}/index/gsi1`)] : [])],
    ...(use.leadingKeys
      ? { conditions: [{ test: 'ForAllValues:StringLike', variable: 'dynamodb:LeadingKeys', values: [...use.leadingKeys] }] }
      : {}),
  };
}
