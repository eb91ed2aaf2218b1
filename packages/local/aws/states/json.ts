/** What a JSON value is here, and how long one is. Holds no state. */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

export interface JsonObject {
  [name: string]: Json;
}

/** Input, output and arguments of a state, and the value of one variable: 256 KiB of UTF-8 (Step Functions quotas). */
export const maxPayloadBytes = 262_144;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function jsonBytes(value: Json): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/** A deep copy without what JSON cannot carry; `undefined` becomes null, as a Lambda that returns nothing answers. */
export function toJson(value: unknown): Json {
  const text = JSON.stringify(value);
  return text === undefined ? null : JSON.parse(text);
}
