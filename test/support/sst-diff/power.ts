/** The power in a graph: every statement of every role, from wherever it was attached. */
import type { Graph } from './graph.ts';

export interface Statement {
  /** The role's name in the program. */
  role: string;
  effect: string;
  actions: string[];
  resources: string[];
  /** As in the policy; absent when there is none. */
  conditions?: Record<string, Record<string, string[]>>;
}

/** Statements written into roles. Policies of AWS, attached by ARN, are in `managedPolicies`. */
export function statementsOf(graph: Graph): Statement[] {
  return graph.all('aws:iam/role:Role').flatMap(({ name, inputs }) =>
    (inputs.inlinePolicies ?? []).flatMap(({ policy }: { policy: { Statement: PolicyStatement[] } }) =>
      policy.Statement.map((statement) => ({
        role: name,
        effect: statement.Effect,
        actions: [statement.Action].flat(),
        resources: [statement.Resource].flat(),
        ...(statement.Condition ? { conditions: statement.Condition } : {}),
      })),
    ),
  );
}

interface PolicyStatement {
  Effect: string;
  Action: string | string[];
  Resource: string | string[];
  Condition?: Record<string, Record<string, string[]>>;
}

export function managedPolicies(graph: Graph): { role: string; policy: string }[] {
  return graph
    .all('aws:iam/role:Role')
    .flatMap(({ name, inputs }) => (inputs.managedPolicyArns ?? []).map((policy: string) => ({ role: name, policy })));
}

/** One line a right: `action on resource` and its conditions, so that two sets can be compared. */
export function rightsOf(statements: readonly Statement[]): Set<string> {
  return new Set(
    statements.flatMap(({ actions, resources, conditions }) =>
      actions.flatMap((action) =>
        resources.map((resource) => `${action} on ${resource}${conditions ? ` when ${JSON.stringify(conditions)}` : ''}`),
      ),
    ),
  );
}
