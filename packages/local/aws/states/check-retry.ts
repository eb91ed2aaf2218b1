/** Checks the Retry and Catch of a state. */
import { checkTemplate, fieldsOf, isWhole, type Scope } from './check-field.ts';
import { isObject } from './json.ts';

const retryFields = ['ErrorEquals', 'IntervalSeconds', 'MaxAttempts', 'BackoffRate', 'MaxDelaySeconds', 'JitterStrategy', 'Comment'];
/** One year, the longest that a retrier may wait. */
const maxDelaySeconds = 31_622_400;

/** Returns the states that the catchers go to. */
export function checkFallible(
  state: Record<string, unknown>,
  at: string,
  scope: Scope,
  checkAssign: (assign: unknown, at: string) => void,
): string[] {
  for (const [index, retrier, last] of listOf(state.Retry, `${at}/Retry`, scope)) {
    const location = `${at}/Retry[${index}]`;
    fieldsOf(retrier, retryFields, location, scope);
    checkErrors(retrier.ErrorEquals, location, last, scope);
    checkRetrier(retrier, location, scope);
  }
  const nexts: string[] = [];
  for (const [index, catcher, last] of listOf(state.Catch, `${at}/Catch`, scope)) {
    const location = `${at}/Catch[${index}]`;
    fieldsOf(catcher, ['ErrorEquals', 'Next', 'Output', 'Assign', 'Comment'], location, scope);
    checkErrors(catcher.ErrorEquals, location, last, scope);
    if (catcher.Output !== undefined) checkTemplate(catcher.Output, `${location}/Output`, scope);
    checkAssign(catcher.Assign, location);
    if (typeof catcher.Next === 'string') nexts.push(catcher.Next);
    else scope.problem(location, 'A catcher needs a Next');
  }
  return nexts;
}

function listOf(list: unknown, at: string, scope: Scope): [number, Record<string, unknown>, boolean][] {
  if (list === undefined) return [];
  if (!Array.isArray(list)) {
    scope.problem(at, 'must be a list');
    return [];
  }
  return list.flatMap((each, index): [number, Record<string, unknown>, boolean][] => {
    if (isObject(each)) return [[index, each, index === list.length - 1]];
    scope.problem(`${at}[${index}]`, 'must be an object');
    return [];
  });
}

function checkErrors(errors: unknown, at: string, last: boolean, scope: Scope): void {
  if (!Array.isArray(errors) || errors.length === 0 || !errors.every((error) => typeof error === 'string'))
    scope.problem(at, 'ErrorEquals must be a list of error names');
  else if (errors.includes('States.ALL') && (errors.length > 1 || !last))
    scope.problem(at, 'States.ALL must stand alone in its ErrorEquals, and in the last entry of the list');
}

function checkRetrier(retrier: Record<string, unknown>, at: string, scope: Scope): void {
  const { IntervalSeconds, MaxAttempts, BackoffRate, MaxDelaySeconds, JitterStrategy } = retrier;
  if (IntervalSeconds !== undefined && !isWhole(IntervalSeconds, 1, 99_999_999))
    scope.problem(at, 'IntervalSeconds must be a whole number of 1 or more');
  if (MaxAttempts !== undefined && !isWhole(MaxAttempts, 0, 99_999_999))
    scope.problem(at, 'MaxAttempts must be a whole number of 0 or more');
  if (BackoffRate !== undefined && (typeof BackoffRate !== 'number' || BackoffRate < 1))
    scope.problem(at, 'BackoffRate must be a number of 1 or more');
  if (MaxDelaySeconds !== undefined && !isWhole(MaxDelaySeconds, 1, maxDelaySeconds))
    scope.problem(at, `MaxDelaySeconds must be a whole number from 1 to ${maxDelaySeconds}`);
  if (typeof MaxDelaySeconds === 'number' && MaxDelaySeconds <= (typeof IntervalSeconds === 'number' ? IntervalSeconds : 1))
    scope.problem(at, 'MaxDelaySeconds must be greater than IntervalSeconds');
  if (JitterStrategy !== undefined && JitterStrategy !== 'FULL' && JitterStrategy !== 'NONE')
    scope.problem(at, 'JitterStrategy must be FULL or NONE');
}
