/** A person's entitlement to workspaces, as Coder takes it when one is made. Names no workspace, and makes none. */
import type { Effective } from '@gatehouse/rules/resolve';

export interface WorkspaceRequest {
  template?: string;
  rich_parameter_values: { name: string; value: string }[];
  /** Coder stops the workspace after this long without use. */
  ttl_ms?: number;
  maximum: number;
}

/** The parameters of the template, by what they mean. */
export interface ParameterNames {
  cpu: string;
  memory_gb: string;
  disk_gb: string;
}
const usual: ParameterNames = { cpu: 'cpu_cores', memory_gb: 'memory_gb', disk_gb: 'disk_gb' };

/** Undefined when the person may have none. Only parameters that the policy speaks of are given: the template's defaults stand for the rest. */
export function coderWorkspace(effective: Effective, names: ParameterNames = usual): WorkspaceRequest | undefined {
  const { workspaces } = effective;
  if (!effective.admitted || !workspaces.maximum) return undefined;
  const values = (['cpu', 'memory_gb', 'disk_gb'] as const).flatMap((what) => {
    const value = workspaces[what];
    return value === undefined ? [] : [{ name: names[what], value: String(value) }];
  });
  return {
    ...(workspaces.template && { template: workspaces.template }),
    rich_parameter_values: values,
    ...(workspaces.idle_stop_minutes && { ttl_ms: workspaces.idle_stop_minutes * 60_000 }),
    maximum: workspaces.maximum,
  };
}
