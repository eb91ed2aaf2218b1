/**
 * DynamoDB's typed values and ours: text, numbers, booleans, null, bytes, lists and maps. What would not come back as it was is refused, never
 * rounded or guessed: integers beyond 2^53, sets, instances of classes. Members that are undefined are left out.
 */

/** As DynamoDB's JSON spells it (AttributeValue in its API reference); bytes are base64. */
export type Attribute =
  | { S: string }
  | { N: string }
  | { BOOL: boolean }
  | { NULL: true }
  | { B: string }
  | { L: Attribute[] }
  | { M: Attributes };
export type Attributes = { [name: string]: Attribute };

/** @throws TypeError or RangeError for what cannot be stored as it is. */
export function attributesOf(item: Readonly<Record<string, unknown>>): Attributes {
  const entries = Object.entries(item).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [name, attributeOf(value)]));
}

/** @throws RangeError for a number that JavaScript cannot hold, TypeError for a set. */
export function itemOf(attributes: Attributes): Record<string, unknown> {
  return Object.fromEntries(Object.entries(attributes).map(([name, attribute]) => [name, plainOf(attribute)]));
}

function attributeOf(value: unknown): Attribute {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: String(held(value)) };
  if (typeof value === 'boolean') return { BOOL: value };
  if (value === null) return { NULL: true };
  if (Array.isArray(value)) return { L: value.filter((one) => one !== undefined).map(attributeOf) };
  if (value instanceof Uint8Array) return { B: Buffer.from(value).toString('base64') };
  if (isPlain(value)) return { M: attributesOf(value) };
  throw new TypeError(`DynamoDB does not keep a ${typeof value} like ${Object.prototype.toString.call(value)}`);
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function plainOf(attribute: Attribute): unknown {
  if ('S' in attribute) return attribute.S;
  if ('N' in attribute) return held(Number(attribute.N));
  if ('BOOL' in attribute) return attribute.BOOL;
  if ('NULL' in attribute) return null;
  if ('M' in attribute) return itemOf(attribute.M);
  if ('L' in attribute) return attribute.L.map(plainOf);
  if ('B' in attribute) return Buffer.from(attribute.B, 'base64');
  throw new TypeError(`DynamoDB answered with a ${Object.keys(attribute).join()}, which no row of ours holds`);
}

function held(number: number): number {
  if (Math.abs(number) <= Number.MAX_SAFE_INTEGER) return number;
  throw new RangeError(`${number} is not held exactly: beyond 2^53`);
}
