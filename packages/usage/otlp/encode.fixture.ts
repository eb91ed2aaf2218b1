/** For tests of the protobuf reader: writes the JSON form of an OTLP request as protobuf, by the field numbers of opentelemetry-proto. */

type Members = Readonly<Record<string, unknown>>;

const members = (value: unknown) => (value ?? {}) as Members;
const list = (value: unknown) => (value ?? []) as readonly Members[];

export function varint(value: number | bigint): Buffer {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

export function bytesField(field: number, value: Buffer | string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes]);
}

export function varintField(field: number, value: number | bigint): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

export function fixed64Field(field: number, write: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.alloc(8);
  write(bytes);
  return Buffer.concat([varint(field * 8 + 1), bytes]);
}

const timeField = (field: number, value: unknown) =>
  value === undefined ? Buffer.alloc(0) : fixed64Field(field, (bytes) => bytes.writeBigUInt64LE(BigInt(value as string)));

function anyValue(value: unknown): Buffer {
  const { stringValue, boolValue, intValue, doubleValue, arrayValue } = members(value);
  if (stringValue !== undefined) return bytesField(1, stringValue as string);
  if (boolValue !== undefined) return varintField(2, boolValue ? 1 : 0);
  if (intValue !== undefined) return varintField(3, BigInt(intValue as number));
  if (doubleValue !== undefined) return fixed64Field(4, (bytes) => bytes.writeDoubleLE(doubleValue as number));
  if (arrayValue !== undefined)
    return bytesField(5, Buffer.concat(list(members(arrayValue).values).map((one) => bytesField(1, anyValue(one)))));
  return Buffer.alloc(0);
}

export function keyValue({ key, value }: Members): Buffer {
  return Buffer.concat([bytesField(1, key as string), bytesField(2, anyValue(value))]);
}

const attributes = (field: number, owner: Members) => list(owner.attributes).map((one) => bytesField(field, keyValue(one)));
const resource = (owner: Members) => bytesField(1, Buffer.concat(attributes(1, members(owner.resource))));
const scope = (owner: Members) => bytesField(1, bytesField(1, (members(owner.scope).name ?? '') as string));

function numberPoint(point: Members): Buffer {
  const { asDouble, asInt, flags } = point;
  return Buffer.concat([
    timeField(2, point.startTimeUnixNano),
    timeField(3, point.timeUnixNano),
    ...(asDouble === undefined ? [] : [fixed64Field(4, (bytes) => bytes.writeDoubleLE(asDouble as number))]),
    ...(asInt === undefined ? [] : [fixed64Field(6, (bytes) => bytes.writeBigInt64LE(BigInt(asInt as number)))]),
    ...attributes(7, point),
    ...(flags === undefined ? [] : [varintField(8, flags as number)]),
  ]);
}

function metric(one: Members): Buffer {
  const sum = members(one.sum);
  const points = list(sum.dataPoints).map((point) => bytesField(1, numberPoint(point)));
  const data = Buffer.concat([...points, varintField(2, sum.aggregationTemporality as number), varintField(3, 1)]);
  return Buffer.concat([bytesField(1, one.name as string), bytesField(3, 'tokens'), bytesField(7, data)]);
}

/** Of sums of numbers alone. */
export function encodeMetrics(body: object): Buffer {
  const scopes = (owner: Members) =>
    list(owner.scopeMetrics).map((one) =>
      bytesField(2, Buffer.concat([scope(one), ...list(one.metrics).map((each) => bytesField(2, metric(each)))])),
    );
  return Buffer.concat(list(members(body).resourceMetrics).map((one) => bytesField(1, Buffer.concat([resource(one), ...scopes(one)]))));
}

function record(one: Members): Buffer {
  return Buffer.concat([
    timeField(1, one.timeUnixNano),
    bytesField(5, anyValue(one.body)),
    ...attributes(6, one),
    timeField(11, one.observedTimeUnixNano),
  ]);
}

export function encodeLogs(body: object): Buffer {
  const scopes = (owner: Members) =>
    list(owner.scopeLogs).map((one) =>
      bytesField(2, Buffer.concat([scope(one), ...list(one.logRecords).map((each) => bytesField(2, record(each)))])),
    );
  return Buffer.concat(list(members(body).resourceLogs).map((one) => bytesField(1, Buffer.concat([resource(one), ...scopes(one)]))));
}
