/** The log: one JSON line each on stdout, exact where the wire is vague. Callers never hand it a token or a secret. */
import { now, timestamp } from './clock.ts';

type Attributes = Readonly<Record<string, unknown>>;
type Level = 'INFO' | 'WARN' | 'ERROR';

export const log = {
  info: (message: string, attributes?: Attributes) => write('INFO', message, attributes),
  warn: (message: string, attributes?: Attributes) => write('WARN', message, attributes),
  error: (message: string, attributes?: Attributes) => write('ERROR', message, attributes),
};

/** Straight to stdout: the runtime would put a text of its own in front of what the console prints. */
function write(level: Level, message: string, attributes: Attributes = {}): void {
  if (process.env.LOG_LEVEL === 'SILENT') return;
  const line = { level, message, timestamp: timestamp(now()), service: 'gatehouse', ...attributes };
  process.stdout.write(`${JSON.stringify(line, readable)}\n`);
}

function readable(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  return value instanceof Error ? errorOf(value, longestChain) : value;
}

/** Causes beyond are left out. */
const longestChain = 5;

/** Name, message, stack and causes; no other member: those of an answer may hold a row. */
function errorOf({ name, message, stack, cause }: Error, left: number): object {
  return { name, message, stack, ...(cause instanceof Error && left > 0 && { cause: errorOf(cause, left - 1) }) };
}
