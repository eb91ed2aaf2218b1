/** One log line as a person reads it: time, function, level, message, and what else it tells. It colours on request and hides nothing. */

export interface LogEvent {
  /** The function's physical name. */
  functionName: string;
  /** Milliseconds since the epoch. */
  timestamp: number;
  message: string;
}

const codes = { dim: 2, red: 31, yellow: 33, cyan: 36 } as const;

/** Members that a structured line repeats on each line, or that stand elsewhere in it. */
const told = new Set([
  'level',
  'message',
  'timestamp',
  'service',
  'xray_trace_id',
  'function_name',
  'function_memory_size',
  'function_arn',
  'function_request_id',
  'cold_start',
  'sampling_rate',
]);

/** `prefix` is taken off function names, e.g. `gatehouse-local-`. A metric document is told as its metrics. */
export function showLine({ functionName, timestamp, message }: LogEvent, { color, prefix }: { color: boolean; prefix: string }): string {
  const paint = (code: keyof typeof codes, text: string) => (color ? `\u001b[${codes[code]}m${text}\u001b[0m` : text);
  const time = new Date(timestamp).toISOString().slice(11, 23);
  const name = functionName.startsWith(prefix) ? functionName.slice(prefix.length) : functionName;
  const { level, text } = read(message);
  const words = safe(text);
  const painted = level === 'ERROR' || level === 'CRITICAL' ? paint('red', words) : level === 'WARN' ? paint('yellow', words) : words;
  return `${paint('dim', time)} ${paint('cyan', name)} ${painted}`;
}

/** What callers sent may stand in a line: it must not steer the terminal. */
function safe(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function read(message: string): { level: string; text: string } {
  const document = parse(message);
  if (!document) return { level: /\bERROR\b/.test(message) ? 'ERROR' : 'INFO', text: message };
  if (document._aws !== undefined) return { level: 'INFO', text: `metrics ${pairs(document, (name) => name !== '_aws')}` };
  const level = typeof document.level === 'string' ? document.level.toUpperCase() : 'INFO';
  const rest = pairs(document, (name) => !told.has(name));
  const words = [level === 'INFO' ? '' : level, typeof document.message === 'string' ? document.message : '', rest];
  return { level, text: words.filter((word) => word !== '').join('  ') };
}

function pairs(document: Record<string, unknown>, isTold: (name: string) => boolean): string {
  return Object.entries(document)
    .filter(([name]) => isTold(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}

function parse(message: string): Record<string, unknown> | undefined {
  if (!message.startsWith('{')) return undefined;
  try {
    return JSON.parse(message) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** `5m`, `90s`, `2h`, `1d` in milliseconds; undefined for anything else. */
export function readSpan(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  return count === undefined ? undefined : Number(count) * (unitMs[unit] ?? 0);
}
