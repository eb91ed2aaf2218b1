/** How CloudWatch says no: its exception names with the words of this stack. */
import { AwsError } from '../service.ts';

export function validation(message: string): AwsError {
  return new AwsError('ValidationError', message);
}
export function invalidValue(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', message);
}
export function invalidCombination(message: string): AwsError {
  return new AwsError('InvalidParameterCombinationException', message);
}
export function missing(parameter: string): AwsError {
  return new AwsError('MissingRequiredParameterException', `The parameter ${parameter} is required.`);
}
export function notHere(what: string): AwsError {
  return validation(`${what} is not in the embedded stack`);
}
