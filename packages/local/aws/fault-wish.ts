/** Reads what somebody posts to `/_faults` on the AWS endpoint. It refuses what it does not know, so that a misspelt fault is not silently no fault. */
import type { FaultWish } from './faults.ts';

const fields: Readonly<Record<keyof FaultWish, 'string' | 'number' | 'boolean' | 'object'>> = {
  service: 'string',
  operation: 'string',
  function: 'string',
  state: 'string',
  about: 'string',
  caller: 'string',
  delay_ms: 'number',
  hang: 'boolean',
  error: 'string',
  message: 'string',
  status: 'number',
  throttle: 'boolean',
  lose_answer: 'boolean',
  answer: 'object',
  partial: 'number',
  stale: 'boolean',
  lag_seconds: 'number',
  skew_seconds: 'number',
  times: 'number',
  seconds: 'number',
};
const harms = ['delay_ms', 'hang', 'error', 'throttle', 'lose_answer', 'answer', 'partial', 'stale', 'skew_seconds'] as const;

/** The wish, or a sentence that says what to write. */
export function readWish(text: string): FaultWish | string {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    given = undefined;
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return 'Write a JSON object, e.g. {"service": "dynamodb", "throttle": true}';
  for (const [name, value] of Object.entries(given)) {
    const type = (fields as Readonly<Record<string, string>>)[name];
    if (!type) return `"${name}" is no part of a fault; it takes ${Object.keys(fields).join(', ')}`;
    if (typeof value !== type) return `"${name}" is a ${type}, not ${JSON.stringify(value)}`;
  }
  const wish: FaultWish = given;
  const meantForFunctions = (['state', 'about', 'answer'] as const).filter((name) => wish[name] !== undefined);
  if (meantForFunctions.length > 0 && wish.service !== 'lambda')
    return `"${meantForFunctions[0]}" is told of functions alone: write "service": "lambda"`;
  if (wish.answer === null) return '"answer" is an object';
  if (!harms.some((name) => wish[name] !== undefined)) return `A fault does something: give one of ${harms.join(', ')}`;
  if (wish.times !== undefined && !(wish.times >= 1)) return '"times" is at least 1';
  if (wish.seconds !== undefined && !(wish.seconds > 0)) return '"seconds" is above 0, in stack time';
  if (wish.delay_ms !== undefined && !(wish.delay_ms >= 0)) return '"delay_ms" is 0 or more';
  if (wish.lag_seconds !== undefined && !(wish.stale && wish.lag_seconds > 0))
    return '"lag_seconds" is above 0, and goes with "stale": true';
  if (wish.partial !== undefined && !(Number.isInteger(wish.partial) && wish.partial >= 1))
    return '"partial" is how many entries fail, from 1';
  if (wish.status !== undefined && !(wish.status >= 400 && wish.status <= 599)) return '"status" is between 400 and 599';
  return wish;
}
