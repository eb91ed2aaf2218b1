/** Reads the fields of a LiteLLM request body, refusing a wrong type as FastAPI does. */
import { type Call, isRecord } from '../http.ts';
import { unprocessable } from './refusals.ts';

export function text(call: Call, field: string): string | null {
  const value = call.body[field];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw unprocessable('body', field, 'Input should be a valid string', value);
  return value;
}

export function requiredText(call: Call, field: string): string {
  const value = text(call, field);
  if (value === null) throw unprocessable('body', field, 'Field required', call.body);
  return value;
}

export function number(call: Call, field: string): number | null {
  const value = call.body[field];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'number') throw unprocessable('body', field, 'Input should be a valid number', value);
  return value;
}

export function flag(call: Call, field: string): boolean | null {
  const value = call.body[field];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'boolean') throw unprocessable('body', field, 'Input should be a valid boolean', value);
  return value;
}

export function texts(call: Call, field: string): string[] | null {
  const value = call.body[field];
  if (value === undefined || value === null) return null;
  if (!Array.isArray(value) || value.some((one) => typeof one !== 'string')) {
    throw unprocessable('body', field, 'Input should be a valid list of strings', value);
  }
  return value;
}

export function object(call: Call, field: string): Record<string, unknown> | null {
  const value = call.body[field];
  if (value === undefined || value === null) return null;
  if (!isRecord(value)) throw unprocessable('body', field, 'Input should be a valid dictionary', value);
  return value;
}

/** A whole number of the query between 1 and `most`. */
export function pageNumber(call: Call, field: string, usual: number, most = Number.MAX_SAFE_INTEGER): number {
  const given = call.query.get(field);
  if (given === null) return usual;
  const value = Number(given);
  if (!Number.isInteger(value) || value < 1) throw unprocessable('query', field, 'Input should be greater than or equal to 1', given);
  if (value > most) throw unprocessable('query', field, `Input should be less than or equal to ${most}`, given);
  return value;
}

export function queryFlag(call: Call, field: string): boolean {
  return ['true', '1'].includes(call.query.get(field)?.toLowerCase() ?? '');
}

/** Who acted, for the record: the header that names a person behind the admin, else the admin. */
export function changedBy(call: Call): string {
  const header = call.headers['litellm-changed-by'];
  return typeof header === 'string' ? header : 'default_user_id';
}
