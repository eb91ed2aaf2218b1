/** The shape of a checked machine in the JSONata dialect of the Amazon States Language. Types only; `check.ts` builds them. */
import type { Json, JsonObject } from './json.ts';

/** Any JSON in which a string may be a `{% … %}` expression. */
export type Template = Json;

export interface Machine {
  StartAt: string;
  States: Readonly<Record<string, State>>;
}
export interface TopMachine extends Machine {
  TimeoutSeconds?: number;
}

export interface Retrier {
  ErrorEquals: readonly string[];
  IntervalSeconds?: number;
  MaxAttempts?: number;
  BackoffRate?: number;
  MaxDelaySeconds?: number;
  JitterStrategy?: 'FULL' | 'NONE';
}
export interface Leaving {
  Output?: Template;
  Assign?: JsonObject;
}
export interface Catcher extends Leaving {
  ErrorEquals: readonly string[];
  Next: string;
}
interface Step extends Leaving {
  Next?: string;
  End?: boolean;
}
interface Fallible extends Step {
  Retry?: readonly Retrier[];
  Catch?: readonly Catcher[];
}

export interface Pass extends Step {
  Type: 'Pass';
}
export interface Succeed {
  Type: 'Succeed';
  Output?: Template;
}
export interface Fail {
  Type: 'Fail';
  Error?: string;
  Cause?: string;
}
export interface Wait extends Step {
  Type: 'Wait';
  Seconds?: number | string;
  Timestamp?: string;
}
export interface ChoiceRule extends Leaving {
  Condition: string | boolean;
  Next: string;
}
export interface Choice extends Leaving {
  Type: 'Choice';
  Choices: readonly ChoiceRule[];
  Default?: string;
}
export interface Task extends Fallible {
  Type: 'Task';
  Resource: string;
  Arguments?: Template;
  TimeoutSeconds?: number | string;
  HeartbeatSeconds?: number | string;
}
export interface Parallel extends Fallible {
  Type: 'Parallel';
  Arguments?: Template;
  Branches: readonly Machine[];
}
export interface Batcher {
  MaxItemsPerBatch?: number | string;
  MaxInputBytesPerBatch?: number | string;
  BatchInput?: Template;
}
/** The Map state; named apart from the language's own Map. */
export interface MapState extends Fallible {
  Type: 'Map';
  Items?: Template;
  ItemSelector?: Template;
  ItemProcessor: Machine & { ProcessorConfig?: { Mode?: 'INLINE' | 'DISTRIBUTED' } };
  MaxConcurrency?: number | string;
  ItemBatcher?: Batcher;
  ToleratedFailureCount?: number | string;
  ToleratedFailurePercentage?: number | string;
  Label?: string;
}

export type State = Pass | Succeed | Fail | Wait | Choice | Task | Parallel | MapState;
