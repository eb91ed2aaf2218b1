/** Checks single fields of a definition: names, expressions, numbers. Knows no state type. */
import { expressionText, isExpression } from './expression.ts';
import { isObject } from './json.ts';

export type Problems = (location: string, message: string, code?: string) => void;

export interface Scope {
  problem: Problems;
  compile: (expression: string) => void;
  /** State names seen so far: they are unique in the whole machine. */
  names: Set<string>;
  /** Variables that this scope and those around it assign. */
  variables: ReadonlySet<string>;
  /** The machine says that its states are JSONata. */
  jsonata: boolean;
}

/** Fields of the JSONPath dialect, and what to write instead. */
const jsonPathFields: Readonly<Record<string, string>> = {
  InputPath: 'Arguments',
  OutputPath: 'Output',
  ResultPath: 'Output',
  ResultSelector: 'Output',
  Parameters: 'Arguments',
  Result: 'Output',
  Iterator: 'ItemProcessor',
  ItemsPath: 'Items',
  SecondsPath: 'Seconds',
  TimestampPath: 'Timestamp',
  TimeoutSecondsPath: 'TimeoutSeconds',
  HeartbeatSecondsPath: 'HeartbeatSeconds',
  MaxConcurrencyPath: 'MaxConcurrency',
  ToleratedFailureCountPath: 'ToleratedFailureCount',
  ToleratedFailurePercentagePath: 'ToleratedFailurePercentage',
  MaxItemsPerBatchPath: 'MaxItemsPerBatch',
  MaxInputBytesPerBatchPath: 'MaxInputBytesPerBatch',
  ErrorPath: 'Error',
  CausePath: 'Cause',
  Variable: 'Condition',
};
const absentFields = new Set(['ItemReader', 'ResultWriter']);

export function fieldsOf(value: Record<string, unknown>, allowed: readonly string[], at: string, scope: Scope): void {
  for (const field of Object.keys(value)) {
    if (allowed.includes(field)) continue;
    const location = `${at}/${field}`;
    const instead = jsonPathFields[field];
    if (instead) scope.problem(location, `${field} belongs to JSONPath: a JSONata state uses ${instead}`);
    else if (absentFields.has(field)) scope.problem(location, `${field} (Amazon S3) is not in the embedded stack: pass the items in`);
    else scope.problem(location, `Field "${field}" is not supported here`);
  }
}

/** Strings that begin or end like an expression must be one, and compile. */
export function checkTemplate(template: unknown, at: string, scope: Scope): void {
  if (typeof template === 'string') checkText(template, at, scope);
  if (Array.isArray(template)) {
    for (const [index, item] of template.entries()) checkTemplate(item, `${at}[${index}]`, scope);
    return;
  }
  if (!isObject(template)) return;
  for (const [name, item] of Object.entries(template)) {
    if (name.endsWith('.$')) scope.problem(`${at}/${name}`, 'A name that ends in ".$" belongs to JSONPath: write the value as {% … %}');
    checkTemplate(item, `${at}/${name}`, scope);
  }
}

function checkText(text: string, at: string, scope: Scope): void {
  if (!text.startsWith('{%') && !text.endsWith('%}')) return;
  if (!isExpression(text)) {
    scope.problem(at, 'An expression begins with {% and ends with %}, with nothing around them');
    return;
  }
  try {
    scope.compile(expressionText(text));
  } catch (error) {
    const why = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
    scope.problem(at, `The expression is not JSONata: ${why}`);
  }
}

export function isWhole(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}
